package googledocs_test

import (
	"context"
	"fmt"

	"github.com/grantwire/grantwire/providers/googledocs"
	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/runtime/vault"
)

// An agent writes into a document of its user. The world is a stand-in for Google and a vault in memory: a program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(googledocs.Operations())
	defer world.Close()
	world.Answer("docs.documents.batchUpdate", googledocs.BatchUpdateDocumentResponse{DocumentID: new("d1")})

	client := googledocs.New(world.Client)
	changed, err := client.UpdateDocument(context.Background(), "d1", nil, &googledocs.BatchUpdateDocumentRequest{
		Requests: []googledocs.Request{{InsertText: &googledocs.InsertTextRequest{
			Location: &googledocs.Location{Index: new(int64(1))}, Text: new("Minutes"),
		}}},
	}, vault.Grant(world.Grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(*changed.DocumentID)
	world.Trail()
	// Output:
	// d1
	// audit: docs.documents.batchUpdate 200 completed
}
