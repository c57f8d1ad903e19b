package netlify

//go:generate go run ../../generator/cmd/grantgen --provider netlify
