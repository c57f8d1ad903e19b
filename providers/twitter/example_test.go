package twitter_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/providers/twitter"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// The world is a stand-in for Twitter and a vault in memory. A program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(twitter.Operations())
	defer world.Close()
	world.Answer("createTweet", twitter.TweetCreateResponse{Data: &twitter.TweetCreateResponseData{ID: "77", Text: "Hello"}}).Status(201)

	client := twitter.New(world.Client)
	tweet, err := client.CreateTweet(context.Background(), twitter.TweetCreateRequest{Text: new("Hello")}, vault.Grant(world.Grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(tweet.Data.ID, tweet.Data.Text)
	world.Trail()
	// Output:
	// 77 Hello
	// audit: createTweet 201 completed
}

// Lists are walked with the methods that end in All.
func ExampleClient_ListFollowersAll() {
	world := example.New(twitter.Operations())
	defer world.Close()
	world.Pages("usersIdFollowers", []twitter.User{{Username: "ada"}, {Username: "ben"}}, []twitter.User{{Username: "cy"}})

	client := twitter.New(world.Client)
	for user, err := range client.ListFollowersAll(context.Background(), "2244994945", nil, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(user.Username)
	}
	// Output:
	// ada
	// ben
	// cy
}

func ExampleError() {
	world := example.New(twitter.Operations())
	defer world.Close()
	world.Fail("findMyUser", 401, twitter.Error{Title: "Unauthorized", Detail: "Unauthorized", Type: "about:blank", Status: 401})

	client := twitter.New(world.Client)
	_, err := client.GetMe(context.Background(), nil, vault.Grant(world.Grant))
	var own *twitter.Error
	fmt.Println(errors.As(err, &own), errors.Is(err, api.ErrUnauthorized))
	fmt.Println(own)
	// Output:
	// true true
	// Unauthorized: Unauthorized
}
