package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/grantwire/grantwire/runtime/api"
)

func ExampleError() {
	_, err := readNote(noteAPI(always(404, jsonType, `{"message":"no such note","code":"gone_fishing"}`)))
	fmt.Println(errors.Is(err, api.ErrNotFound))
	if e, ok := errors.AsType[*api.Error](err); ok {
		fmt.Println(e.Status, e.Code, e.Message)
	}
	fmt.Println(err)
	// Output:
	// true
	// 404 gone_fishing no such note
	// notes: notes/get: GET /notes/{id}: 404: no such note (gone_fishing)
}

// What the package does not know of an error body is still there.
func ExampleError_Decode() {
	_, err := readNote(noteAPI(always(422, jsonType, `{"message":"invalid","fields":["title"]}`)))
	var e *api.Error
	if !errors.As(err, &e) {
		return
	}
	var body struct {
		Fields []string `json:"fields"`
	}
	fmt.Println(e.Decode(&body), body.Fields)
	// Output: <nil> [title]
}

func ExampleError_Header() {
	_, err := readNote(noteAPI(always(403, jsonType, `{}`, "X-Needs-Scope", "notes:read")))
	if e, ok := errors.AsType[*api.Error](err); ok {
		fmt.Println(e.Header().Get("X-Needs-Scope"))
	}
	// Output: notes:read
}

// Nothing answered; the cause is inside.
func ExampleTransportError() {
	c := noteAPI(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
		api.WithRetry(api.RetryPolicy{Attempts: 1}))
	_, err := readNote(c)
	var e *api.TransportError
	fmt.Println(errors.As(err, &e), errors.Is(err, io.ErrUnexpectedEOF))
	// Output: true true
}

// The arguments cannot be sent; nothing left the process.
func ExampleEncodeError() {
	err := noteAPI(one).Do(context.Background(), &getNote, api.Args{Path: []any{""}}, new(note))
	var e *api.EncodeError
	fmt.Println(errors.As(err, &e), e.Field)
	// Output: true path id
}

// The answer is not what the operation promises.
func ExampleDecodeError() {
	_, err := readNote(noteAPI(always(200, jsonType, `{"id":"one"}`)))
	var e *api.DecodeError
	fmt.Println(errors.As(err, &e), e.Pointer)
	// Output: true /id
}
