package googlepeople

//go:generate go run ../../generator/cmd/grantgen --provider googlepeople
