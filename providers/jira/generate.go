package jira

//go:generate go run ../../generator/cmd/grantgen --provider jira
