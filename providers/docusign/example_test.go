package docusign_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/grantwire/grantwire/providers/docusign"
	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// The world is a stand-in for DocuSign and a vault in memory. A program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(docusign.Operations())
	defer world.Close()
	world.Answer("Envelopes_PostEnvelopes", docusign.EnvelopeSummary{EnvelopeID: new("63e0"), Status: new("sent")}).Status(201)

	client := docusign.New(world.Client)
	sent, err := client.CreateEnvelope(context.Background(), "account", nil, &docusign.EnvelopeDefinition{
		EmailSubject: new("Please sign"), Status: new("sent"), TemplateID: new("t1"),
	}, vault.Grant(world.Grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(*sent.EnvelopeID, *sent.Status)
	world.Trail()
	// Output:
	// 63e0 sent
	// audit: Envelopes_PostEnvelopes 201 completed
}

// Lists are walked with the methods that end in All.
func ExampleClient_ListUsersAll() {
	world := example.New(docusign.Operations())
	defer world.Close()
	world.Pages("Users_GetUsers", []docusign.UserInformation{{UserName: new("Ada")}, {UserName: new("Ben")}}, []docusign.UserInformation{{UserName: new("Cy")}})

	client := docusign.New(world.Client)
	for user, err := range client.ListUsersAll(context.Background(), "account", nil, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(*user.UserName)
	}
	// Output:
	// Ada
	// Ben
	// Cy
}

func ExampleError() {
	world := example.New(docusign.Operations())
	defer world.Close()
	world.Fail("Envelopes_GetEnvelope", 404, docusign.Error{Code: "ENVELOPE_DOES_NOT_EXIST", Message: "The envelope does not exist."})

	client := docusign.New(world.Client)
	_, err := client.GetEnvelope(context.Background(), "account", "gone", nil, vault.Grant(world.Grant))
	var own *docusign.Error
	fmt.Println(errors.As(err, &own), errors.Is(err, api.ErrNotFound))
	fmt.Println(own)
	// Output:
	// true true
	// The envelope does not exist. (ENVELOPE_DOES_NOT_EXIST)
}
