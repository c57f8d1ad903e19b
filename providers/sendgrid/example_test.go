package sendgrid_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/providers/sendgrid"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// The world is a stand-in for SendGrid and a vault in memory. A program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(sendgrid.Operations())
	defer world.Close()
	world.Answer("GET_templates-template_id", sendgrid.TransactionalTemplate{ID: "d-1", Name: "Welcome"})

	client := sendgrid.New(world.Client)
	template, err := client.GetTemplate(context.Background(), "d-1", nil, vault.Grant(world.Grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(template.ID, template.Name)
	world.Trail()
	// Output:
	// d-1 Welcome
	// audit: GET_templates-template_id 200 completed
}

// Lists are walked with the methods that end in All.
func ExampleClient_ListListsAll() {
	world := example.New(sendgrid.Operations())
	defer world.Close()
	world.Pages("GET_mc-lists", []sendgrid.List{{Name: new("news")}, {Name: new("beta")}}, []sendgrid.List{{Name: new("press")}})

	client := sendgrid.New(world.Client)
	for list, err := range client.ListListsAll(context.Background(), nil, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(*list.Name)
	}
	// Output:
	// news
	// beta
	// press
}

func ExampleError() {
	world := example.New(sendgrid.Operations())
	defer world.Close()
	world.Fail("GET_templates-template_id", 404, sendgrid.Error{Errors: []sendgrid.ErrorDetail{{Message: "template not found", Field: "template_id"}}})

	client := sendgrid.New(world.Client)
	_, err := client.GetTemplate(context.Background(), "d-0", nil, vault.Grant(world.Grant))
	var own *sendgrid.Error
	fmt.Println(errors.As(err, &own), errors.Is(err, api.ErrNotFound))
	fmt.Println(own)
	// Output:
	// true true
	// template not found (template_id)
}
