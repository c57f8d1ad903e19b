package zoom

//go:generate go run ../../generator/cmd/grantgen --provider zoom
