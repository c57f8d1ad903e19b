package main

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/providers/slack"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// provision is the operator's part: it opens a vault in a folder, makes an
// agent, and puts the two tokens behind grants that are bound to their hosts.
func (w *world) provision(ctx context.Context) error {
	pages, err := w.serve(ctx, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.vault.ServeHTTP(rw, r) }))
	if err != nil {
		return err
	}
	v, err := local.Open(w.dir, // an open vault outlives the context
		local.WithConsole(), local.WithPublicURL(pages.String()),
		local.WithOperations(w.github.String(), github.Operations()),
		local.WithOperations(w.slack.String(), slack.Operations()))
	if err != nil {
		return err
	}
	w.vault = v
	agent, err := v.CreateAgent(ctx, local.AgentSpec{Name: "keeper", DisplayName: "Lighthouse keeper"})
	if err != nil {
		return err
	}
	w.agentKey = agent.Key
	if w.githubGrant, err = w.grant(ctx, agent.ID, "github", w.github.String(), w.githubToken); err != nil {
		return err
	}
	w.slackGrant, err = w.grant(ctx, agent.ID, "slack", w.slack.String(), slackToken)
	return err
}

// showConsole prints a link to the operator's console, and waits until the
// context ends.
func (w *world) showConsole(ctx context.Context, out *log.Logger) error {
	link, err := w.vault.ConsoleURL(ctx, "quickstart")
	if err != nil {
		return err
	}
	out.Println("\nconsole    ", link)
	<-ctx.Done()
	return nil
}

func (w *world) grant(ctx context.Context, agentID, provider, host, token string) (string, error) {
	g, err := w.vault.CreateGrant(ctx, local.GrantSpec{
		AgentID:    agentID,
		Provider:   provider,
		Hosts:      []string{host},
		Credential: local.Credential{Token: token},
	})
	if err != nil {
		return "", fmt.Errorf("grant for %s: %w", provider, err)
	}
	return g.ID, nil
}
