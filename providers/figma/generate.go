package figma

//go:generate go run ../../generator/cmd/grantgen --provider figma
