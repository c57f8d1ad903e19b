package sendgrid

//go:generate go run ../../generator/cmd/grantgen --provider sendgrid
