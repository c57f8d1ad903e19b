package digitalocean_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/grantwire/grantwire/providers/digitalocean"
	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// The world is a stand-in for DigitalOcean and a vault in memory. A program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(digitalocean.Operations())
	defer world.Close()
	world.Answer("droplets_get", digitalocean.DropletsGetResponse{Droplet: &digitalocean.DropletsGetDroplet{ID: 77, Name: "web-1", Status: "active"}})

	client := digitalocean.New(world.Client)
	answer, err := client.GetDroplet(context.Background(), 77, vault.Grant(world.Grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.Droplet.ID, answer.Droplet.Name, answer.Droplet.Status)
	world.Trail()
	// Output:
	// 77 web-1 active
	// audit: droplets_get 200 completed
}

// Lists are walked with the methods that end in All.
func ExampleClient_ListDropletsAll() {
	world := example.New(digitalocean.Operations())
	defer world.Close()
	world.Pages("droplets_list", []digitalocean.DropletsGetDroplet{{Name: "web-1"}, {Name: "web-2"}}, []digitalocean.DropletsGetDroplet{{Name: "db-1"}})

	client := digitalocean.New(world.Client)
	for droplet, err := range client.ListDropletsAll(context.Background(), nil, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(droplet.Name)
	}
	// Output:
	// web-1
	// web-2
	// db-1
}

func ExampleError() {
	world := example.New(digitalocean.Operations())
	defer world.Close()
	world.Fail("droplets_get", 404, digitalocean.Error{ID: "not_found", Message: "The resource you were accessing could not be found."})

	client := digitalocean.New(world.Client)
	_, err := client.GetDroplet(context.Background(), 1, vault.Grant(world.Grant))
	var own *digitalocean.Error
	fmt.Println(errors.As(err, &own), errors.Is(err, api.ErrNotFound))
	fmt.Println(own)
	// Output:
	// true true
	// The resource you were accessing could not be found. (not_found)
}
