package slack

//go:generate go run ../../generator/cmd/grantgen --provider slack
