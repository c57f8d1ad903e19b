package subject

import (
	"net/http"

	"github.com/grantwire/grantwire/runtime/api"
)

// Part is one package of a provider that has several.
type Part struct {
	New        func(hc *http.Client) any
	Operations func() []api.Operation
}

// clients are those of all parts. Each package has a description of the provider of
// its own, which tells where an operation belongs.
type clients map[*api.Provider]any

// Join makes the New and Operations of a [Provider] from its parts.
func Join(parts []Part) (newClient func(hc *http.Client) any, operations []api.Operation) {
	for _, part := range parts {
		operations = append(operations, part.Operations()...)
	}
	return func(hc *http.Client) any {
		all := clients{}
		for _, part := range parts {
			all[part.Operations()[0].Provider] = part.New(hc)
		}
		return all
	}, operations
}

// Client is the client that has the operation: the one that Provider.New made, or
// that of the part.
func Client(client any, op *api.Operation) any {
	if all, ok := client.(clients); ok {
		return all[op.Provider]
	}
	return client
}
