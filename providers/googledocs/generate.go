package googledocs

//go:generate go run ../../generator/cmd/grantgen --provider googledocs
