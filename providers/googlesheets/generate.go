package googlesheets

//go:generate go run ../../generator/cmd/grantgen --provider googlesheets
