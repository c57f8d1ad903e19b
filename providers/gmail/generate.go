package gmail

//go:generate go run ../../generator/cmd/grantgen --provider gmail
