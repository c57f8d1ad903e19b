// Package emit renders a named model as the Go files of one package.
//
// Schema types are written by oapi-codegen (types.go is the one file that touches
// it); clients, services, operations and iterators by jennifer. Nothing here
// decides a name or reads OpenAPI.
package emit
