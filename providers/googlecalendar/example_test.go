package googlecalendar_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/grantwire/grantwire/providers/googlecalendar"
	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// An agent reads all pages of a user's calendar. The world is a stand-in for Google
// and a vault in memory: a program has agent.HTTPClient() in place of world.Client,
// and the grant of its user.
func Example() {
	world := example.New(googlecalendar.Operations())
	defer world.Close()
	world.Pages("calendar.events.list",
		[]googlecalendar.Event{{Summary: new("Stand-up"), Start: at(9)}},
		[]googlecalendar.Event{{Summary: new("Review"), Start: at(14)}})

	cal := googlecalendar.New(world.Client)
	params := &googlecalendar.ListEventsParams{SingleEvents: new(true), OrderBy: "startTime"}
	for event, err := range cal.ListEventsAll(context.Background(), "primary", params, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(event.Start.DateTime.Format(time.TimeOnly), *event.Summary)
	}
	world.Trail()
	// Output:
	// 09:00:00 Stand-up
	// 14:00:00 Review
	// audit: calendar.events.list 200 completed
	// audit: calendar.events.list 200 completed
}

func at(hour int) *googlecalendar.EventDateTime {
	return &googlecalendar.EventDateTime{DateTime: new(api.NewTime(time.Date(2026, 11, 24, hour, 0, 0, 0, time.UTC)))}
}

func ExampleError() {
	world := example.New(googlecalendar.Operations())
	defer world.Close()
	world.Fail("calendar.events.get", 410, googlecalendar.Error{
		Message: "Too long ago", Errors: []googlecalendar.ErrorDetail{{Domain: "calendar", Reason: "updatedMinTooLongAgo"}},
	})

	_, err := googlecalendar.New(world.Client).GetEvent(context.Background(), "primary", "e1", nil, vault.Grant(world.Grant))
	var ge *googlecalendar.Error
	fmt.Println(errors.As(err, &ge), errors.Is(err, api.ErrGone))
	fmt.Println(ge.Reason(), ge.Errors[0].Domain)
	// Output:
	// true true
	// updatedMinTooLongAgo calendar
}
