package box_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/grantwire/grantwire/providers/box"
	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// The world is a stand-in for Box and a vault in memory. A program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(box.Operations())
	defer world.Close()
	world.Answer("post_folders", box.FolderFull{ID: "11", Name: new("Invoices")}).Status(201)

	client := box.New(world.Client)
	folder, err := client.CreateFolder(context.Background(), nil, box.CreateFolderRequest{
		Name: "Invoices", Parent: box.FoldersCreateParent{ID: "0"},
	}, vault.Grant(world.Grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(folder.ID, *folder.Name)
	world.Trail()
	// Output:
	// 11 Invoices
	// audit: post_folders 201 completed
}

// Lists are walked with the methods that end in All.
func ExampleClient_ListUsersAll() {
	world := example.New(box.Operations())
	defer world.Close()
	world.Pages("get_users", []box.User{{Name: "Ada"}, {Name: "Ben"}}, []box.User{{Name: "Cy"}})

	client := box.New(world.Client)
	for user, err := range client.ListUsersAll(context.Background(), nil, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(user.Name)
	}
	// Output:
	// Ada
	// Ben
	// Cy
}

func ExampleError() {
	world := example.New(box.Operations())
	defer world.Close()
	world.Fail("get_files_id", 404, box.Error{Status: 404, Code: "not_found", Message: "Not Found"})

	client := box.New(world.Client)
	_, err := client.GetFile(context.Background(), "1", nil, vault.Grant(world.Grant))
	var own *box.Error
	fmt.Println(errors.As(err, &own), errors.Is(err, api.ErrNotFound))
	fmt.Println(own)
	// Output:
	// true true
	// Not Found (not_found)
}
