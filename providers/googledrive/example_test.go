package googledrive_test

import (
	"context"
	"fmt"
	"io"

	"github.com/grantwire/grantwire/providers/googledrive"
	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// An agent lists its user's files. The world is a stand-in for Google and a vault in
// memory: a program has agent.HTTPClient() in place of world.Client, and the grant of
// its user.
func Example() {
	world := example.New(googledrive.Operations())
	defer world.Close()
	world.Pages("drive.files.list", []googledrive.File{{Name: new("offer.pdf")}}, []googledrive.File{{Name: new("notes.txt")}})

	client := googledrive.New(world.Client)
	params := &googledrive.ListFilesParams{Q: "trashed = false"}
	for file, err := range client.ListFilesAll(context.Background(), params, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(*file.Name)
	}
	world.Trail()
	// Output:
	// offer.pdf
	// notes.txt
	// audit: drive.files.list 200 completed
	// audit: drive.files.list 200 completed
}

// The content of a file is streamed: alt=media says that it is wanted instead of the
// facts about it.
func ExampleClient_GetFile_content() {
	world := example.New(googledrive.Operations())
	defer world.Close()
	world.Download("drive.files.get", "text/plain", "", []byte("ask Ada"))

	client := googledrive.New(world.Client)
	var content *api.Download
	_, err := client.GetFile(context.Background(), "f1", &googledrive.GetFileParams{Alt: googledrive.AltMedia},
		api.WithStream("*/*", &content), vault.Grant(world.Grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer content.Close()
	text, err := io.ReadAll(content)
	fmt.Println(string(text), err)
	// Output: ask Ada <nil>
}
