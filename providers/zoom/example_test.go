package zoom_test

import (
	"context"
	"fmt"

	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/providers/zoom"
	"github.com/grantwire/grantwire/runtime/vault"
)

// An agent walks the meetings of its user. The world is a stand-in for Zoom and a vault in memory: a program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(zoom.Operations())
	defer world.Close()
	world.Pages("meetings",
		[]zoom.MeetingsListMeeting{{Topic: new("Stand-up")}}, []zoom.MeetingsListMeeting{{Topic: new("Review")}})

	client := zoom.New(world.Client)
	for meeting, err := range client.ListMeetingsAll(context.Background(), "me", nil, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(*meeting.Topic)
	}
	world.Trail()
	// Output:
	// Stand-up
	// Review
	// audit: meetings 200 completed
	// audit: meetings 200 completed
}
