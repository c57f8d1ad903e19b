package twitter

//go:generate go run ../../generator/cmd/grantgen --provider twitter
