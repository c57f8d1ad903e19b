package trello

//go:generate go run ../../generator/cmd/grantgen --provider trello
