package digitalocean

//go:generate go run ../../generator/cmd/grantgen --provider digitalocean
