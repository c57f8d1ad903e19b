package figma_test

import (
	"context"
	"fmt"

	"github.com/grantwire/grantwire/providers/figma"
	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/runtime/vault"
)

// An agent walks the components that a team of its user has published. The world is a stand-in for Figma and a vault in memory: a program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(figma.Operations())
	defer world.Close()
	world.Pages("getTeamComponents",
		[]figma.PublishedComponent{{Name: "Button"}}, []figma.PublishedComponent{{Name: "Card"}})

	client := figma.New(world.Client)
	for component, err := range client.ListTeamComponentsAll(context.Background(), "t1", nil, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(component.Name)
	}
	world.Trail()
	// Output:
	// Button
	// Card
	// audit: getTeamComponents 200 completed
	// audit: getTeamComponents 200 completed
}
