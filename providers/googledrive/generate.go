package googledrive

//go:generate go run ../../generator/cmd/grantgen --provider googledrive
