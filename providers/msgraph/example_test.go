package msgraph_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/providers/msgraph"
	"github.com/grantwire/grantwire/providers/msgraph/me"
	"github.com/grantwire/grantwire/providers/msgraph/models/core"
	"github.com/grantwire/grantwire/providers/msgraph/models/personal"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// An agent reads its user's mail. The world is a stand-in for Graph and a vault in memory: a program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(me.Operations())
	defer world.Close()
	world.Answer("me.ListMessages", personal.MessageCollectionResponse{Value: []core.Message{
		{ID: new("m1"), Subject: api.Value("Lunch")},
		{ID: new("m2"), Subject: api.Value("Invoice")},
	}})

	client := me.New(world.Client)
	params := &me.ListMessagesParams{Select: []personal.MeGetMessagesSelect{personal.MeGetMessagesSelectSubject}, Top: new(int64(10))}
	for message, err := range client.ListMessagesAll(context.Background(), params, vault.Grant(world.Grant)) {
		if err != nil {
			var ge *msgraph.Error
			fmt.Println(err, errors.As(err, &ge))
			return
		}
		subject, _ := message.Subject.Get()
		fmt.Println(*message.ID, subject)
	}
	world.Trail()
	// Output:
	// m1 Lunch
	// m2 Invoice
	// audit: me.ListMessages 200 completed
}
