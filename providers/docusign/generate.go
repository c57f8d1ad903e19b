package docusign

//go:generate go run ../../generator/cmd/grantgen --provider docusign
