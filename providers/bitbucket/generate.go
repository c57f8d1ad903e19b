package bitbucket

//go:generate go run ../../generator/cmd/grantgen --provider bitbucket
