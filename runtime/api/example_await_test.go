package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/grantwire/grantwire/runtime/api"
)

// laterError is what a round tripper says that has to ask somebody first.
type laterError struct{}

func (laterError) Error() string { return "a person has to approve" }

func (laterError) Response(context.Context) (*http.Response, error) {
	return always(200, jsonType, `{"id":7,"title":"Milk"}`)(nil)
}

// A call that somebody has to approve first fails with an error that has the
// answer later. Await decodes it as the call would have.
func ExampleAwait() {
	c := noteAPI(func(*http.Request) (*http.Response, error) { return nil, laterError{} })
	n, err := readNote(c)
	if errors.Is(err, laterError{}) { // with a vault: vault.ErrApprovalPending
		n, err = api.Await[note](context.Background(), err)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(n.Title)
	// Output: Milk
}
