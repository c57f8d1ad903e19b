package xero

//go:generate go run ../../generator/cmd/grantgen --provider xero
