package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
)

// Later is the error of a round tripper that has the answer later, such as after
// a person has approved the call. A *vault.PendingApproval is one.
type Later interface {
	error
	// Response waits until the answer is there, or ctx ends. It sends nothing to
	// the provider, and may be called again after an error.
	Response(ctx context.Context) (*http.Response, error)
}

// resumption is a call that waits for its answer.
type resumption struct {
	call  *call
	later Later
}

// Await waits for the result of a call whose error says that it comes later
// ([Later]), and decodes it as the call would have:
//
//	issue, err := gh.CreateIssue(ctx, owner, repo, body, vault.Grant(id))
//	if errors.Is(err, vault.ErrApprovalPending) {
//		issue, err = api.Await[*github.Issue](ctx, err)
//	}
//
// T is the type of the method's result; for a method that returns only an error
// any type does, and the result is its zero value. Any other error comes back as
// it is, and so does nil. Nothing is repeated. The pages of an iterator cannot be
// awaited.
func Await[T any](ctx context.Context, err error) (T, error) {
	var out T
	failed, ok := errors.AsType[*TransportError](err)
	if !ok || failed.resume == nil {
		return out, err
	}
	if err := failed.resume.await(ctx, &out); err != nil {
		var zero T
		return zero, err
	}
	return out, nil
}

func (r *resumption) await(ctx context.Context, out any) error {
	k := *r.call
	if k.out == nil {
		out = nil
	} else if have := reflect.TypeOf(out); have != reflect.TypeOf(k.out) {
		return fmt.Errorf("api: Await: %s yields %s, not %s", k.op.ID, reflect.TypeOf(k.out).Elem(), have.Elem())
	}
	k.ctx, k.out = ctx, out
	resp, err := r.later.Response(ctx)
	if err != nil {
		return k.transportFault(err)
	}
	k.note(resp)
	return k.receive(resp, "")
}
