package asana

//go:generate go run ../../generator/cmd/grantgen --provider asana
