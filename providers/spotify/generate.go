package spotify

//go:generate go run ../../generator/cmd/grantgen --provider spotify
