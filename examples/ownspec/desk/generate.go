package desk

//go:generate go tool grantgen --config grantgen.yaml --names names.txt -o .
