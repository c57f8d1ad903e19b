package stripe

//go:generate go run ../../generator/cmd/grantgen --provider stripe
