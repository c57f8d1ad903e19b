package googletasks

//go:generate go run ../../generator/cmd/grantgen --provider googletasks
