// Listrepos prints the repositories that a grant opens, as README shows it.
// ALTER_AGENT_KEY is the agent's key, GRANT_ID the grant, ALTER_BASE_URL the
// vault if it is not the hosted one.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/runtime/vault"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal("listrepos: ", err)
	}
}

func run(ctx context.Context) error {
	agent, err := vault.NewAgent(os.Getenv("ALTER_AGENT_KEY")) // vault.WithBackend(v): v, err := local.Open(dir)
	if err != nil {
		return err
	}
	gh := github.New(agent.HTTPClient())
	ctx = agent.Trace(ctx, vault.Trace{RunID: "run-abc123"}) // every call below carries the run
	for repo, err := range gh.ListReposAll(ctx, &github.ListReposParams{Sort: "pushed"}, vault.Grant(os.Getenv("GRANT_ID"))) {
		if err != nil {
			return err
		}
		fmt.Println(repo.FullName)
	}
	return agent.Close(ctx) // waits until every audit row is complete
}
