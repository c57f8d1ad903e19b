package spotify_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/providers/spotify"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// The world is a stand-in for Spotify and a vault in memory. A program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(spotify.Operations())
	defer world.Close()
	world.Answer("create-playlist", spotify.PlaylistObject{ID: new("3cEY"), Name: new("Road")}).Status(201)

	client := spotify.New(world.Client)
	list, err := client.CreatePlaylist(context.Background(), "ada", spotify.CreatePlaylistRequest{Name: "Road", Public: new(false)}, vault.Grant(world.Grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(*list.ID, *list.Name)
	world.Trail()
	// Output:
	// 3cEY Road
	// audit: create-playlist 201 completed
}

// Lists are walked with the methods that end in All.
func ExampleClient_ListMyPlaylistsAll() {
	world := example.New(spotify.Operations())
	defer world.Close()
	world.Pages("get-a-list-of-current-users-playlists", []spotify.SimplifiedPlaylistObject{{Name: new("Road")}, {Name: new("Rain")}}, []spotify.SimplifiedPlaylistObject{{Name: new("Run")}})

	client := spotify.New(world.Client)
	for list, err := range client.ListMyPlaylistsAll(context.Background(), nil, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(*list.Name)
	}
	// Output:
	// Road
	// Rain
	// Run
}

func ExampleError() {
	world := example.New(spotify.Operations())
	defer world.Close()
	world.Fail("get-track", 404, spotify.Error{Detail: spotify.ErrorDetail{Status: 404, Message: "Non existing id"}})

	client := spotify.New(world.Client)
	_, err := client.GetTrack(context.Background(), "gone", nil, vault.Grant(world.Grant))
	var own *spotify.Error
	fmt.Println(errors.As(err, &own), errors.Is(err, api.ErrNotFound))
	fmt.Println(own)
	// Output:
	// true true
	// Non existing id
}
