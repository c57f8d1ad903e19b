package apitest_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/grantwire/grantwire/providers/github" //nolint:depguard // shows a generated client
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/api/apitest"
)

func ExampleRule_Header() {
	rt := apitest.New(nil, github.Operations())
	rt.Answer("repos/get", github.FullRepository{}).Header("X-RateLimit-Limit", "60").Header("X-RateLimit-Remaining", "41")

	var r api.Response
	_, err := github.New(rt.Client()).Repos.Get(context.Background(), "acme", "site", api.WithResponse(&r))
	fmt.Println(r.RateLimit.Remaining, err)
	// Output: 41 <nil>
}

func ExampleTransport_Reset() {
	rt := apitest.New(nil, github.Operations())
	rt.Answer("repos/get", github.FullRepository{})
	gh := github.New(rt.Client())
	_, _ = gh.Repos.Get(context.Background(), "acme", "prepared")

	rt.Reset() // what comes now is what the test is about
	_, _ = gh.Repos.Get(context.Background(), "acme", "site")
	fmt.Println(rt.Only("repos/get"))
	// Output: repos/get owner="acme" repo="site"
}

// tenant is a transport of a program: it adds a header to each request.
type tenant struct{ next *apitest.Transport }

func (t tenant) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("X-Tenant", "blue")
	return t.next.RoundTrip(req)
}

// A transport of one's own is tested by putting it before this one.
func ExampleTransport_RoundTrip() {
	rt := apitest.New(nil, github.Operations())
	rt.Answer("repos/get", github.FullRepository{})

	_, err := github.New(&http.Client{Transport: tenant{rt}}).Repos.Get(context.Background(), "acme", "site")
	fmt.Println(rt.Only("repos/get").Header.Get("X-Tenant"), err)
	// Output: blue <nil>
}

// Downloads on another host go past the credentials of a transport that wraps
// this one.
func ExampleTransport_PlainTransport() {
	rt := apitest.New(nil, github.Operations())
	rt.Download("repos/download-tarball-archive", "", "", []byte("bytes"))
	gh := github.New(&http.Client{Transport: tenant{rt}}, api.WithDownloadTransport(rt.PlainTransport()))

	d, err := gh.Repos.DownloadTarballArchive(context.Background(), "acme", "site", "main")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()
	fmt.Println(d.Length)
	// Output: 5
}
