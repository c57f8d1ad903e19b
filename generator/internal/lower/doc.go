// Package lower turns a document in normal form into the generator's model. It is
// the only place that knows what OpenAPI's words mean for a Go program: what an
// operation returns, how its body is sent, how its pages follow each other.
//
// In: the typed document that kin-openapi loaded from the normal form, and the
// origins of its components. Out: a model without names.
package lower
