package twilio_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/providers/twilio"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// The world is a stand-in for Twilio and a vault in memory. A program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(twilio.Operations())
	defer world.Close()
	world.Answer("CreateMessage", twilio.Message{SID: api.Value("SM1"), Status: new(twilio.MessageEnumStatusQueued)}).Status(201)

	client := twilio.New(world.Client)
	sent, err := client.CreateMessage(context.Background(), "AC00000000000000000000000000000001", twilio.CreateMessageRequest{
		To: "+15550100", From: new("+15550101"), Body: new("The train is late."),
	}, vault.Grant(world.Grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	sid, _ := sent.SID.Get()
	fmt.Println(sid, *sent.Status)
	world.Trail()
	// Output:
	// SM1 queued
	// audit: CreateMessage 201 completed
}

// Lists are walked with the methods that end in All.
func ExampleClient_ListMessagesAll() {
	world := example.New(twilio.Operations())
	defer world.Close()
	world.Pages("ListMessage", []twilio.Message{{Status: new(twilio.MessageEnumStatusSent)}, {Status: new(twilio.MessageEnumStatusFailed)}}, []twilio.Message{{Status: new(twilio.MessageEnumStatusSent)}})

	client := twilio.New(world.Client)
	for message, err := range client.ListMessagesAll(context.Background(), "AC00000000000000000000000000000001", nil, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(*message.Status)
	}
	// Output:
	// sent
	// failed
	// sent
}

func ExampleError() {
	world := example.New(twilio.Operations())
	defer world.Close()
	world.Fail("FetchMessage", 404, twilio.Error{Code: 20404, Message: "The requested resource was not found", Status: 404})

	client := twilio.New(world.Client)
	_, err := client.GetMessage(context.Background(), "AC00000000000000000000000000000001", "SM00000000000000000000000000000001", vault.Grant(world.Grant))
	var own *twilio.Error
	fmt.Println(errors.As(err, &own), errors.Is(err, api.ErrNotFound))
	fmt.Println(own)
	// Output:
	// true true
	// The requested resource was not found (20404)
}
