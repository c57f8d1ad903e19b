package apitest_test

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/grantwire/grantwire/providers/github" //nolint:depguard // shows a generated client
	"github.com/grantwire/grantwire/providers/slack"  //nolint:depguard // shows a generated client
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/api/apitest"
)

var title = github.StringOrInt{String: new("Broken")}

// In a test, pass t instead of nil.
func Example() {
	rt := apitest.New(nil, github.Operations())
	rt.Answer("repos/get", github.FullRepository{Name: "site", StargazersCount: 7})
	gh := github.New(rt.Client())

	repo, err := gh.Repos.Get(context.Background(), "acme", "site")
	fmt.Println(repo.Name, repo.StargazersCount, err)
	fmt.Println(rt.Only("repos/get"))
	// Output:
	// site 7 <nil>
	// repos/get owner="acme" repo="site"
}

func ExampleNew() {
	rt := apitest.New(nil, github.Operations(), slack.Operations())
	_, err := github.New(rt.Client()).Repos.Get(context.Background(), "acme", "site")
	fmt.Println(err != nil)
	fmt.Println(rt.Err())
	// Output:
	// true
	// apitest: github: repos/get (GET /repos/{owner}/{repo}) was called and nothing answers it; say Answer("repos/get", …) before the call
}

func ExampleTransport_Answer() {
	rt := apitest.New(nil, github.Operations())
	rt.Answer("Issues.Create", github.Issue{Number: 12}).Status(201)
	gh := github.New(rt.Client())

	issue, err := gh.Issues.Create(context.Background(), "acme", "site", github.IssuesCreateRequest{Title: title})
	fmt.Println(issue.Number, err)
	// Output: 12 <nil>
}

func ExampleTransport_Fail() {
	rt := apitest.New(nil, github.Operations(), slack.Operations())
	rt.Fail("repos/get", 404, "Not Found")
	rt.Fail("chat_postMessage", 200, apitest.Fault{Code: "channel_not_found"})

	_, err := github.New(rt.Client()).Repos.Get(context.Background(), "acme", "site")
	fmt.Println(errors.Is(err, api.ErrNotFound), err)
	_, err = slack.New(rt.Client()).Chat.PostMessage(context.Background(), slack.ChatPostMessageRequest{Channel: "C1"})
	var e *api.Error
	fmt.Println(errors.As(err, &e), e.Code)
	// Output:
	// true github: repos/get: GET /repos/{owner}/{repo}: 404: Not Found
	// true channel_not_found
}

func ExampleTransport_Pages() {
	rt := apitest.New(nil, github.Operations())
	rt.Pages("issues/list-for-repo", []github.Issue{{Number: 1}, {Number: 2}}, []github.Issue{{Number: 3}})

	for issue, err := range github.New(rt.Client()).Issues.ListForRepoAll(context.Background(), "acme", "site", nil) {
		fmt.Println(issue.Number, err)
	}
	fmt.Println(len(rt.Calls("issues/list-for-repo")), "requests")
	// Output:
	// 1 <nil>
	// 2 <nil>
	// 3 <nil>
	// 2 requests
}

func ExampleTransport_Download() {
	rt := apitest.New(nil, github.Operations())
	rt.Download("repos/download-tarball-archive", "application/gzip", "site.tar.gz", []byte("bytes"))

	d, err := github.New(rt.Client()).Repos.DownloadTarballArchive(context.Background(), "acme", "site", "heads/main")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()
	content, _ := io.ReadAll(d)
	fmt.Println(d.Filename, string(content), rt.Only("repos/download-tarball-archive").Path["ref"])
	// Output: site.tar.gz bytes heads/main
}

func ExampleTransport_Break() {
	rt := apitest.New(nil, github.Operations())
	rt.Break("issues/create", io.ErrUnexpectedEOF)
	_, err := github.New(rt.Client()).Issues.Create(context.Background(), "acme", "site", github.IssuesCreateRequest{Title: title})
	var e *api.TransportError
	fmt.Println(errors.As(err, &e), errors.Is(err, io.ErrUnexpectedEOF))
	// Output: true true
}

func ExampleTransport_Func() {
	rt := apitest.New(nil, github.Operations())
	rt.Func("repos/get", func(c *apitest.Call) apitest.Reply {
		return apitest.Reply{Body: github.FullRepository{Name: c.Path["repo"]}}
	})
	repo, err := github.New(rt.Client()).Repos.Get(context.Background(), "acme", "other")
	fmt.Println(repo.Name, err)
	// Output: other <nil>
}

func ExampleTransport_Calls() {
	rt := apitest.New(nil, github.Operations())
	rt.Answer("repos/get", github.FullRepository{})
	gh := github.New(rt.Client())
	for _, name := range []string{"site", "blog"} {
		_, _ = gh.Repos.Get(context.Background(), "acme", name)
	}
	for _, call := range rt.Calls() {
		fmt.Println(call)
	}
	// Output:
	// repos/get owner="acme" repo="site"
	// repos/get owner="acme" repo="blog"
}

func ExampleCall_Decode() {
	rt := apitest.New(nil, github.Operations())
	rt.Answer("issues/create", github.Issue{})
	body := github.IssuesCreateRequest{Title: title, Body: new("It is broken.")}
	_, _ = github.New(rt.Client()).Issues.Create(context.Background(), "acme", "site", body)

	var sent struct {
		Body string `json:"body"`
	}
	err := rt.Only("issues/create").Decode(&sent)
	fmt.Println(sent.Body, err)
	// Output: It is broken. <nil>
}

func ExampleRule_Path() {
	rt := apitest.New(nil, github.Operations())
	rt.Answer("repos/get", github.FullRepository{Name: "found"}).Path("repo", "site")
	rt.Fail("repos/get", 404, nil)
	gh := github.New(rt.Client())

	repo, _ := gh.Repos.Get(context.Background(), "acme", "site")
	_, err := gh.Repos.Get(context.Background(), "acme", "other")
	fmt.Println(repo.Name, errors.Is(err, api.ErrNotFound))
	// Output: found true
}

func ExampleRule_When() {
	rt := apitest.New(nil, github.Operations())
	rt.Answer("issues/list-for-repo", []github.Issue{{Number: 2}}).When(func(c apitest.Call) bool { return c.Query.Get("state") == "closed" })
	rt.Answer("issues/list-for-repo", []github.Issue{{Number: 1}})
	gh := github.New(rt.Client())

	open, _ := gh.Issues.ListForRepo(context.Background(), "acme", "site", nil)
	closed, _ := gh.Issues.ListForRepo(context.Background(), "acme", "site", &github.IssuesListForRepoParams{State: "closed"})
	fmt.Println(open[0].Number, closed[0].Number)
	// Output: 1 2
}

func ExampleRule_Times() {
	rt := apitest.New(nil, github.Operations())
	rt.Fail("repos/get", 502, nil).Times(2)
	rt.Answer("repos/get", github.FullRepository{Name: "site"})

	repo, err := github.New(rt.Client()).Repos.Get(context.Background(), "acme", "site") // retries
	fmt.Println(repo.Name, err, len(rt.Calls("repos/get")))
	// Output: site <nil> 3
}

func ExampleTransport_Only() {
	rt := apitest.New(nil, github.Operations())
	rt.Only("repos/get")
	fmt.Println(rt.Err())
	// Output: apitest: repos/get was called 0 times, want once; all calls: none
}
