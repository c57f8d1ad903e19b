package bitbucket_test

import (
	"context"
	"fmt"

	"github.com/grantwire/grantwire/providers/bitbucket"
	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/runtime/vault"
)

// An agent walks the open pull requests of a repository. The world is a stand-in for Bitbucket and a vault in memory: a program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(bitbucket.Operations())
	defer world.Close()
	world.Pages("get /repositories/{workspace}/{repo_slug}/pullrequests",
		[]bitbucket.Pullrequest{{Title: new("Lamp")}}, []bitbucket.Pullrequest{{Title: new("Foghorn")}})

	client := bitbucket.New(world.Client)
	params := &bitbucket.ListPullRequestsParams{State: "OPEN"}
	for pull, err := range client.ListPullRequestsAll(context.Background(), "harbor", "lighthouse", params, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(*pull.Title)
	}
	world.Trail()
	// Output:
	// Lamp
	// Foghorn
	// audit: get /repositories/{workspace}/{repo_slug}/pullrequests 200 completed
	// audit: get /repositories/{workspace}/{repo_slug}/pullrequests 200 completed
}
