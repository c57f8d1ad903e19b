// Quickstart: an agent calls GitHub and Slack under grants. The tokens are in
// the vault (operator.go); this file never sees one. The servers are stand-ins
// on loopback (world.go), or with GITHUB_TOKEN set the real GitHub.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/providers/slack"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

func main() {
	console := flag.Bool("console", false, "serve the vault's console afterwards, until interrupted")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, log.New(os.Stdout, "", 0), *console)
	stop()
	if err != nil {
		log.Fatal("quickstart: ", err)
	}
}

func run(ctx context.Context, out *log.Logger, console bool) error {
	w, err := newWorld(ctx)
	if err != nil {
		return err
	}
	defer w.close()
	agent, err := vault.NewAgent(w.agentKey, vault.WithBackend(w.vault)) // a hosted vault: the key alone
	if err != nil {
		return err
	}
	ctx = agent.Trace(ctx, vault.Trace{RunID: "run-abc123"}) // every call below carries the run
	gh := github.New(agent.HTTPClient(), api.WithBaseURL(w.github))
	sl := slack.New(agent.HTTPClient(), api.WithBaseURL(w.slack))
	asGitHub, asSlack := vault.Grant(w.githubGrant), vault.Grant(w.slackGrant)

	// Page after page is fetched while the loop runs, and none after the break.
	repos := 0
	for repo, err := range gh.ListReposAll(ctx, &github.ListReposParams{Sort: "pushed", PerPage: new(int64(2))}, asGitHub) {
		if err != nil {
			return err
		}
		out.Println("repository", repo.FullName)
		if repos++; repos == 5 {
			break
		}
	}
	if w.writes {
		issue, err := gh.CreateIssue(ctx, "harbor", "lighthouse", github.CreateIssueRequest{Title: github.StringOrInt{String: new("Replace the lamp")}}, asGitHub)
		if err != nil {
			return err
		}
		out.Println("issue     ", issue.HTMLURL)
	}
	message := slack.PostMessageRequest{Channel: "C0LAMP", Text: new("The lamp will be replaced.")}
	sent, err := sl.PostMessage(ctx, message, asSlack)
	if err != nil {
		return err
	}
	out.Println("message   ", sent.TS)

	// A grant works at its own hosts only: the vault refuses, GitHub's token stays where it is.
	_, err = sl.PostMessage(ctx, message, asGitHub)
	if refusal, ok := errors.AsType[*vault.Error](err); ok && errors.Is(err, vault.ErrBlockedDestination) {
		out.Println("refused   ", refusal.Code)
	} else {
		return fmt.Errorf("a call with the wrong grant was not refused: %w", err)
	}
	if err := agent.Close(ctx); err != nil { // waits until every audit row is complete
		return err
	}
	if err := w.printTrail(ctx, out.Writer(), "run-abc123"); err != nil {
		return err
	}
	if !console {
		out.Println("\nThe same as a timeline in a browser: go run ./examples/quickstart -console")
		return nil
	}
	return w.showConsole(ctx, out)
}
