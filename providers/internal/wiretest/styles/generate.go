package styles

//go:generate go run ../../../../generator/cmd/grantgen --spec openapi.json --config provider.yaml -o . --package styles
