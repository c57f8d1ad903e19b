package netlify_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/providers/netlify"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// The world is a stand-in for Netlify and a vault in memory. A program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(netlify.Operations())
	defer world.Close()
	world.Answer("createSiteBuild", netlify.Build{ID: new("b1"), Done: new(false)})

	client := netlify.New(world.Client)
	build, err := client.CreateBuild(context.Background(), "site.example.com", nil, vault.Grant(world.Grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(*build.ID, *build.Done)
	world.Trail()
	// Output:
	// b1 false
	// audit: createSiteBuild 200 completed
}

// Lists are walked with the methods that end in All.
func ExampleClient_ListSitesAll() {
	world := example.New(netlify.Operations())
	defer world.Close()
	world.Pages("listSites", []netlify.Site{{Name: new("blog")}, {Name: new("shop")}}, []netlify.Site{{Name: new("wiki")}})

	client := netlify.New(world.Client)
	for site, err := range client.ListSitesAll(context.Background(), nil, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(*site.Name)
	}
	// Output:
	// blog
	// shop
	// wiki
}

func ExampleError() {
	world := example.New(netlify.Operations())
	defer world.Close()
	world.Fail("getSite", 404, netlify.Error{Code: 404, Message: "Not Found"})

	client := netlify.New(world.Client)
	_, err := client.GetSite(context.Background(), "gone.example.com", vault.Grant(world.Grant))
	var own *netlify.Error
	fmt.Println(errors.As(err, &own), errors.Is(err, api.ErrNotFound))
	fmt.Println(own)
	// Output:
	// true true
	// Not Found (404)
}
