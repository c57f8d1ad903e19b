package msgraph

//go:generate go run ../../generator/cmd/grantgen --provider msgraph
