package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/grantwire/grantwire/runtime/api"
)

// A header can be given for a client or for one call.
func ExampleWithHeader() {
	c := noteAPI(func(r *http.Request) (*http.Response, error) {
		fmt.Println(r.Header.Get("X-Tenant"))
		return one(r)
	}, api.WithHeader("X-Tenant", "blue"))
	_, _ = readNote(c)
	_, _ = readNote(c, api.WithHeader("X-Tenant", "green"))
	// Output:
	// blue
	// green
}

func ExampleWithRetry() {
	c := noteAPI(always(503, "", ""), api.WithRetry(api.RetryPolicy{Attempts: 2, Backoff: time.Millisecond}))
	_, err := readNote(c)
	var e *api.Error
	fmt.Println(errors.As(err, &e), e.Attempts)
	_, err = readNote(c, api.WithRetry(api.RetryPolicy{Attempts: 1}))
	fmt.Println(errors.As(err, &e), e.Attempts)
	// Output:
	// true 2
	// true 1
}

func ExampleWithIdempotencyKey() {
	c := noteAPI(func(r *http.Request) (*http.Response, error) {
		fmt.Println(r.Header.Get("Idempotency-Key"))
		return answer(201, jsonType, `{"id":2}`), nil
	})
	var added note
	err := c.Do(context.Background(), &addNote, api.Args{Body: note{Title: "bread"}}, &added, api.WithIdempotencyKey("order-7"))
	fmt.Println(added.ID, err)
	// Output:
	// order-7
	// 2 <nil>
}

func ExampleWithResponse() {
	c := noteAPI(always(200, jsonType, `{}`, "X-RateLimit-Limit", "60", "X-RateLimit-Remaining", "41"))
	var r api.Response
	_, err := readNote(c, api.WithResponse(&r))
	fmt.Println(r.Status, r.Attempts, r.RateLimit.Remaining, err)
	// Output: 200 1 41 <nil>
}

// An operation that answers in several ways is asked for another one.
func ExampleWithResult() {
	c := noteAPI(func(r *http.Request) (*http.Response, error) {
		return answer(200, r.Header.Get("Accept"), "# bread"), nil
	})
	var text string
	_, err := readNote(c, api.WithResult("text/markdown", &text))
	fmt.Println(text, err)
	// Output: # bread <nil>
}

// An operation that takes several media types is sent another one.
func ExampleWithBody() {
	c := noteAPI(func(r *http.Request) (*http.Response, error) {
		body, _ := io.ReadAll(r.Body)
		fmt.Println(r.Header.Get("Content-Type"), string(body))
		return answer(201, jsonType, `{"id":2}`), nil
	})
	var added note
	err := c.Do(context.Background(), &addNote, api.Args{}, &added, api.WithBody("application/xml", "<note>bread</note>"))
	fmt.Println(added.ID, err)
	// Output:
	// application/xml <note>bread</note>
	// 2 <nil>
}

func ExampleWithStream() {
	c := noteAPI(func(r *http.Request) (*http.Response, error) {
		return answer(200, r.Header.Get("Accept"), "# milk"), nil
	})
	var d *api.Download
	if _, err := readNote(c, api.WithStream("text/markdown", &d)); err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()
	text, err := io.ReadAll(d)
	fmt.Println(d.ContentType, string(text), err)
	// Output: text/markdown # milk <nil>
}

type tenantKey struct{}

// An option of another package reaches a transport through the context.
func ExampleContextOption() {
	withTenant := func(name string) api.CallOption {
		return api.ContextOption(func(ctx context.Context) context.Context { return context.WithValue(ctx, tenantKey{}, name) })
	}
	c := noteAPI(func(r *http.Request) (*http.Response, error) {
		fmt.Println(r.Context().Value(tenantKey{}))
		return one(r)
	})
	_, err := readNote(c, withTenant("blue"))
	fmt.Println(err)
	// Output:
	// blue
	// <nil>
}

// A transport can tell which call a request belongs to.
func ExampleCallFromContext() {
	c := noteAPI(func(r *http.Request) (*http.Response, error) {
		info, ok := api.CallFromContext(r.Context())
		fmt.Println(info.Operation.ID, info.Attempt, ok)
		return one(r)
	})
	_, err := readNote(c)
	fmt.Println(err)
	// Output:
	// notes/get 1 true
	// <nil>
}
