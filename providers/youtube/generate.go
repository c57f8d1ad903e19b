package youtube

//go:generate go run ../../generator/cmd/grantgen --provider youtube
