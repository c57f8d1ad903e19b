package twilio

//go:generate go run ../../generator/cmd/grantgen --provider twilio
