package github

//go:generate go run ../../generator/cmd/grantgen --provider github
