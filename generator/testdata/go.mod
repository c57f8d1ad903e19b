module github.com/grantwire/grantwire/generator/testdata

go 1.26.0

require github.com/grantwire/grantwire v0.0.0

require github.com/go-json-experiment/json v1.27.2 // indirect

replace github.com/grantwire/grantwire => ../..
