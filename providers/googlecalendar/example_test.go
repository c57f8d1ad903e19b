package googlecalendar_test

import (
	"context"
	"fmt"
	"time"

	"github.com/grantwire/grantwire/providers/googlecalendar"
	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/api/apitest"
	"github.com/grantwire/grantwire/runtime/vault"
)

// An agent reads a user's calendar through a grant: all pages of it.
func Example() {
	google := apitest.New(nil, googlecalendar.Operations()) // stands in for Google
	google.Pages("calendar.events.list",
		[]googlecalendar.Event{{Summary: new("Stand-up"), Start: at(9)}},
		[]googlecalendar.Event{{Summary: new("Review"), Start: at(14)}})
	world := example.New(googlecalendar.Operations(), google) // a vault in memory
	defer world.Close()

	agent := world.Agent() // elsewhere: vault.NewAgent(key)
	cal := googlecalendar.New(agent.HTTPClient())
	params := &googlecalendar.ListEventsParams{SingleEvents: new(true), OrderBy: "startTime"}
	for event, err := range cal.ListEventsAll(context.Background(), "primary", params, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(event.Start.DateTime.Format(time.TimeOnly), *event.Summary)
	}
	for _, row := range world.Trail() {
		fmt.Println(row)
	}
	// Output:
	// 09:00:00 Stand-up
	// 14:00:00 Review
	// calendar.events.list 200
	// calendar.events.list 200
}

func at(hour int) *googlecalendar.EventDateTime {
	return &googlecalendar.EventDateTime{DateTime: &api.Time{Time: time.Date(2026, 11, 24, hour, 0, 0, 0, time.UTC)}}
}
