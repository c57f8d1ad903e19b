package youtube_test

import (
	"context"
	"fmt"

	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/providers/youtube"
	"github.com/grantwire/grantwire/runtime/vault"
)

// An agent reads what a playlist of its user holds, all pages of it. The world is a stand-in for Google and a vault in memory: a program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(youtube.Operations())
	defer world.Close()
	world.Pages("youtube.playlistItems.list",
		[]youtube.PlaylistItem{{Snippet: &youtube.PlaylistItemSnippet{Title: new("Overture")}}},
		[]youtube.PlaylistItem{{Snippet: &youtube.PlaylistItemSnippet{Title: new("Finale")}}})

	client := youtube.New(world.Client)
	params := youtube.ListPlaylistItemsParams{Part: []string{"snippet"}, PlaylistID: "p1"}
	for item, err := range client.ListPlaylistItemsAll(context.Background(), params, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(*item.Snippet.Title)
	}
	world.Trail()
	// Output:
	// Overture
	// Finale
	// audit: youtube.playlistItems.list 200 completed
	// audit: youtube.playlistItems.list 200 completed
}
