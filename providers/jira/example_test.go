package jira_test

import (
	"context"
	"fmt"

	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/providers/jira"
	"github.com/grantwire/grantwire/runtime/vault"
)

// An agent comments on an issue. The world is a stand-in for Jira and a vault in memory: a program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(jira.Operations())
	defer world.Close()
	world.Answer("addComment", jira.Comment{ID: new("10")}).Status(201)

	client := jira.New(world.Client)                                        // api.WithBaseURL names the site
	text := map[string]any{"type": "doc", "version": 1, "content": []any{}} // Atlassian's document format
	comment, err := client.AddComment(context.Background(), "SHOP-7", nil, jira.Comment{Body: text}, vault.Grant(world.Grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(*comment.ID)
	world.Trail()
	// Output:
	// 10
	// audit: addComment 201 completed
}
