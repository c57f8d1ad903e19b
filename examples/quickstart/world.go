package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/grantwire/grantwire/examples/standin"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// The stand-ins let nobody in without these.
const (
	githubToken = "test-secret-github-quickstart"
	slackToken  = "test-secret-slack-quickstart"
)

// world is what the agent finds: two providers and a vault that knows it.
type world struct {
	github, slack           *url.URL
	vault                   *local.Vault
	agentKey                string
	githubGrant, slackGrant string
	writes                  bool // open an issue too; never on the real GitHub

	githubToken string
	dir         string
	closers     []func() error
}

func newWorld(ctx context.Context) (*world, error) {
	w := &world{}
	err := errors.Join(w.startSlack(ctx), w.startGitHub(ctx))
	if err == nil {
		w.dir, err = os.MkdirTemp("", "quickstart-")
	}
	if err == nil {
		err = w.provision(ctx)
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *world) close() {
	if w.vault != nil {
		w.closers = append(w.closers, w.vault.Close)
	}
	for _, closer := range w.closers {
		_ = closer() // the process ends anyway
	}
	if w.dir != "" {
		_ = os.RemoveAll(w.dir) // a folder of the system's temporary folder
	}
}

func (w *world) startGitHub(ctx context.Context) error {
	if token := os.Getenv("GITHUB_TOKEN"); token != "" {
		w.githubToken = token
		w.github = &url.URL{Scheme: "https", Host: "api.github.com"}
		return nil
	}
	w.githubToken, w.writes = githubToken, true
	const list, create = "repos/list-for-authenticated-user", "issues/create"
	s, err := standIn("github", standin.GitHub(githubToken), standin.WithOperations(list, create))
	if err != nil {
		return err
	}
	sampleRepo, err := s.Sample(list)
	if err != nil {
		return err
	}
	var repos []any
	for _, name := range []string{"lighthouse", "harbor-map", "tide-tables", "foghorn", "pilot-boat", "buoys", "logbook"} {
		repos = append(repos, standin.With(sampleRepo, map[string]any{"name": name, "full_name": "harbor/" + name}))
	}
	sampleIssue, err := s.Sample(create)
	if err != nil {
		return err
	}
	err = errors.Join(
		s.Handle(list, func(c *standin.Call) standin.Answer { return c.Page(repos) }),
		s.Handle(create, func(c *standin.Call) standin.Answer {
			page := fmt.Sprintf("https://github.example/%s/%s/issues/7", c.Path["owner"], c.Path["repo"])
			issue := standin.With(sampleIssue, map[string]any{"number": 7, "html_url": page})
			return standin.Answer{Status: http.StatusCreated, Body: standin.With(issue, c.Members("title", "body"))}
		}))
	if err != nil {
		return err
	}
	w.github, err = w.serve(ctx, s)
	return err
}

func (w *world) startSlack(ctx context.Context) error {
	const post = "chat_postMessage"
	s, err := standIn("slack", standin.Slack(slackToken), standin.WithOperations(post))
	if err != nil {
		return err
	}
	sample, err := s.Sample(post)
	if err != nil {
		return err
	}
	err = s.Handle(post, func(c *standin.Call) standin.Answer {
		return standin.Answer{Body: standin.With(sample, map[string]any{"channel": c.Form.Get("channel"), "ts": "1932000000.000100"})}
	})
	if err != nil {
		return err
	}
	w.slack, err = w.serve(ctx, s)
	return err
}

// standIn reads the provider's document from the repository.
func standIn(provider string, opts ...standin.Option) (*standin.Server, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for {
		spec, err := os.ReadFile(filepath.Join(dir, "specs", provider, "openapi.json"))
		if err == nil {
			return standin.New(spec, opts...)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil, fmt.Errorf("specs/%s/openapi.json is in no folder above: run this inside the repository", provider)
		}
		dir = parent
	}
}

// serve listens on loopback, on a port that is free.
func (w *world) serve(ctx context.Context, h http.Handler) (*url.URL, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // ends with Close
	w.closers = append(w.closers, server.Close)
	return &url.URL{Scheme: "http", Host: l.Addr().String()}, nil
}
