package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/grantwire/grantwire/runtime/api"
)

// A generated package holds a provider and its operations as data like these;
// its methods call Do and Pages.
var (
	notes    = &api.Provider{Name: "notes", BaseURL: "https://api.notes.example", Errors: api.ErrorShape{Message: "message", Code: "code"}}
	getNote  = api.Operation{Provider: notes, ID: "notes/get", Method: "GET", Path: "/notes/{id}", Access: api.Read, Result: api.JSON}
	addNote  = api.Operation{Provider: notes, ID: "notes/add", Method: "POST", Path: "/notes", Access: api.Write, Request: "application/json", Result: api.JSON}
	allNotes = api.Operation{
		Provider: notes, ID: "notes/list", Method: "GET", Path: "/notes", Access: api.Read, Result: api.JSON,
		Paging: api.Paging{Kind: api.PagingCursor, Param: "cursor", Next: "next", Items: "notes"},
	}
)

type note struct {
	ID    int64                `json:"id,omitzero"`
	Title string               `json:"title,omitzero"`
	Owner api.Nullable[string] `json:"owner,omitzero"`
}

// noteAPI returns a client of a provider in memory, which answers with f.
func noteAPI(f transport, opts ...api.ClientOption) *api.Client {
	return api.NewClient(&http.Client{Transport: f}, notes, opts...)
}

// one answers every request with the same note.
var one = always(200, jsonType, `{"id":1,"title":"milk"}`)

// readNote calls an operation as a generated method does.
func readNote(c *api.Client, opts ...api.CallOption) (note, error) {
	var n note
	err := c.Do(context.Background(), &getNote, api.Args{Path: []any{int64(1)}}, &n, opts...)
	return n, err
}

func ExampleNewClient() {
	c := api.NewClient(&http.Client{Transport: one}, notes) // the transport adds the credentials
	n, err := readNote(c)
	fmt.Println(n.Title, err)
	// Output: milk <nil>
}

func ExampleClient_Do() {
	c := noteAPI(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		fmt.Println(r.Method, r.URL.Path, string(body))
		return answer(201, jsonType, `{"id":2}`), err
	})
	var added note
	err := c.Do(context.Background(), &addNote, api.Args{Body: note{Title: "bread"}}, &added)
	fmt.Println(added.ID, err)
	// Output:
	// POST /notes {"title":"bread"}
	// 2 <nil>
}

func ExamplePages() {
	c := noteAPI(func(r *http.Request) (*http.Response, error) {
		if r.URL.Query().Get("cursor") == "" {
			return answer(200, jsonType, `{"notes":[{"id":1},{"id":2}],"next":"p2"}`), nil
		}
		return answer(200, jsonType, `{"notes":[{"id":3}],"next":""}`), nil
	})
	for n, err := range api.Pages[note](context.Background(), c, &allNotes, api.Args{Params: &noteParams{}}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(n.ID)
	}
	// Output:
	// 1
	// 2
	// 3
}

// noteParams are the parameters of notes/list.
type noteParams struct {
	Cursor string `query:"cursor"`
}

func ExampleWithBaseURL() {
	c := noteAPI(func(r *http.Request) (*http.Response, error) {
		fmt.Println(r.URL)
		return one(r)
	}, api.WithBaseURL(&url.URL{Scheme: "http", Host: "127.0.0.1:8080", Path: "/standin"}))
	_, err := readNote(c)
	fmt.Println(err)
	// Output:
	// http://127.0.0.1:8080/standin/notes/1
	// <nil>
}

func ExampleWithUserAgent() {
	c := noteAPI(func(r *http.Request) (*http.Response, error) {
		fmt.Println(r.UserAgent())
		return one(r)
	}, api.WithUserAgent("triage/1.0"))
	_, err := readNote(c)
	fmt.Println(err)
	// Output:
	// triage/1.0
	// <nil>
}

func ExampleWithMaxResponseBytes() {
	_, err := readNote(noteAPI(one, api.WithMaxResponseBytes(8)))
	var e *api.DecodeError
	fmt.Println(errors.As(err, &e))
	// Output: true
}

func ExampleWithDownloadTransport() {
	archive := api.Operation{Provider: notes, ID: "notes/archive", Method: "GET", Path: "/archive", Access: api.Read, Result: api.Stream, Redirect: true}
	c := noteAPI(always(302, "", "", "Location", "https://files.example/notes.zip"),
		api.WithDownloadTransport(transport(func(r *http.Request) (*http.Response, error) {
			fmt.Println(r.URL)
			return answer(200, "application/zip", "bytes"), nil
		})))
	var d *api.Download
	if err := c.Do(context.Background(), &archive, api.Args{}, &d); err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()
	fmt.Println(d.ContentType, d.Length)
	// Output:
	// https://files.example/notes.zip
	// application/zip 5
}

func ExampleWithObserver() {
	c := noteAPI(one, api.WithObserver(func(_ context.Context, e api.Event) {
		fmt.Println(e.Kind, e.Operation.ID, e.Status, e.Attempt)
	}))
	_, err := readNote(c)
	fmt.Println(err)
	// Output:
	// attempt notes/get 200 1
	// call notes/get 200 1
	// <nil>
}
