package box

//go:generate go run ../../generator/cmd/grantgen --provider box
