package square

//go:generate go run ../../generator/cmd/grantgen --provider square
