package trello_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/providers/trello"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// The world is a stand-in for Trello and a vault in memory. A program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(trello.Operations())
	defer world.Close()
	world.Answer("addCards", map[string]any{"id": "5f1", "name": "Call back"})

	client := trello.New(world.Client)
	// The document does not describe the answers: they come as decoded JSON.
	card, err := client.CreateCard(context.Background(), trello.Cards{IDList: new("5e0"), Name: new("Call back")}, vault.Grant(world.Grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(card)
	world.Trail()
	// Output:
	// map[id:5f1 name:Call back]
	// audit: addCards 200 completed
}

func ExampleError() {
	world := example.New(trello.Operations())
	defer world.Close()
	world.Fail("getBoardsByIdBoard", 429, trello.Error{Code: "API_TOKEN_LIMIT_EXCEEDED", Message: "Rate limit exceeded"})

	client := trello.New(world.Client)
	_, err := client.GetBoard(context.Background(), "4d5", nil, vault.Grant(world.Grant), api.WithRetry(api.RetryPolicy{Attempts: 1}))
	var own *trello.Error
	fmt.Println(errors.As(err, &own), errors.Is(err, api.ErrRateLimited))
	fmt.Println(own)
	// Output:
	// true true
	// Rate limit exceeded (API_TOKEN_LIMIT_EXCEEDED)
}
