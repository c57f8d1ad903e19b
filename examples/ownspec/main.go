// Ownspec works through a help desk that only its own company knows: package desk is
// generated from desk/desk.yaml, and every call goes through an embedded vault. The
// desk is a stand-in on loopback (standin.go).
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"

	"example.com/helpdesk/desk"
)

func main() {
	server := httptest.NewServer(newDesk())
	defer server.Close()
	if err := run(context.Background(), server.URL, log.New(os.Stdout, "", 0)); err != nil {
		log.Print("ownspec: ", err)
	}
}

func run(ctx context.Context, address string, out *log.Logger) error {
	v, err := provision(ctx, address)
	if err != nil {
		return err
	}
	defer v.close()
	agent, err := vault.NewAgent(v.agentKey, vault.WithBackend(v.vault))
	if err != nil {
		return err
	}
	client, grant := desk.New(agent.HTTPClient(), v.baseURL), vault.Grant(v.grant)

	for ticket, err := range client.ListTicketsAll(ctx, &desk.ListTicketsParams{State: desk.StateOpen, Limit: new(int64(2))}, grant) {
		if err != nil {
			return err
		}
		out.Println("open  ", ticket.ID, ticket.Title)
	}
	ticket, err := client.CreateTicket(ctx, desk.NewTicket{Title: "The printer is offline", Labels: []string{"printer"}}, grant)
	if err != nil {
		return err
	}
	photo := api.File{Name: "display.txt", Content: strings.NewReader("PC LOAD LETTER")}
	attachment, err := client.Attachments.Add(ctx, ticket.ID, desk.AttachmentsAddRequest{File: photo}, grant)
	if err != nil {
		return err
	}
	out.Println("new   ", ticket.ID, "with", attachment.Bytes, "bytes attached")
	events, err := client.Tickets.ListEvents(ctx, ticket.ID, grant)
	if err != nil {
		return err
	}
	for _, event := range events {
		out.Println("event ", describe(event))
	}
	_, err = client.CreateTicket(ctx, desk.NewTicket{}, grant)
	if problem, ok := errors.AsType[*desk.Error](err); ok && desk.IsInvalid(err) {
		out.Println("refused", problem)
		return agent.Close(ctx) // waits until every audit row is complete
	}
	return fmt.Errorf("a ticket without a title was not refused: %w", err)
}

// describe reads a union: exactly one of its fields is set.
func describe(e desk.Event) string {
	switch {
	case e.CommentAdded != nil:
		return e.CommentAdded.Author + " says " + e.CommentAdded.Text
	case e.StateChanged != nil:
		return string(e.StateChanged.From) + " became " + string(e.StateChanged.To)
	}
	return "something that the desk did not describe"
}
