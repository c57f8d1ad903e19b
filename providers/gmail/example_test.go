package gmail_test

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/grantwire/grantwire/providers/gmail"
	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/runtime/vault"
)

// An agent sends a mail in the name of its user. The world is a stand-in for Google and a vault in memory: a program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(gmail.Operations())
	defer world.Close()
	world.Answer("gmail.users.messages.send", gmail.Message{ID: new("m1"), LabelIDs: []string{"SENT"}})

	client := gmail.New(world.Client)
	mail := "To: ada@example.com\r\nSubject: Lunch\r\n\r\nAt noon?\r\n"
	sent, err := client.SendMessage(context.Background(), "me", nil, &gmail.Message{
		Raw: new(base64.URLEncoding.EncodeToString([]byte(mail))),
	}, vault.Grant(world.Grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(*sent.ID, sent.LabelIDs)
	world.Trail()
	// Output:
	// m1 [SENT]
	// audit: gmail.users.messages.send 200 completed
}
