package mailchimp

//go:generate go run ../../generator/cmd/grantgen --provider mailchimp
