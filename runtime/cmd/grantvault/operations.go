package main

import (
	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/providers/slack"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// knownOperations lets the trail name the calls to the providers of this
// repository.
func knownOperations() []local.Option {
	return []local.Option{
		local.WithOperations("https://api.github.com", github.Operations()),
		local.WithOperations("https://slack.com/api", slack.Operations()),
	}
}

// standinOperations does so for the stand-in, which is at another address.
func standinOperations(base string) local.Option {
	return local.WithOperations(base, github.Operations())
}
