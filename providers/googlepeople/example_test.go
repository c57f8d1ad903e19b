package googlepeople_test

import (
	"context"
	"fmt"

	"github.com/grantwire/grantwire/providers/googlepeople"
	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/runtime/vault"
)

// An agent walks all contacts of its user. The world is a stand-in for Google and a vault in memory: a program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(googlepeople.Operations())
	defer world.Close()
	world.Pages("people.people.connections.list",
		[]googlepeople.Person{{Names: []googlepeople.Name{{DisplayName: new("Ada")}}}},
		[]googlepeople.Person{{Names: []googlepeople.Name{{DisplayName: new("Grace")}}}})

	client := googlepeople.New(world.Client)
	params := &googlepeople.ListConnectionsParams{PersonFields: "names"}
	for person, err := range client.ListConnectionsAll(context.Background(), "people/me", params, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(*person.Names[0].DisplayName)
	}
	world.Trail()
	// Output:
	// Ada
	// Grace
	// audit: people.people.connections.list 200 completed
	// audit: people.people.connections.list 200 completed
}
