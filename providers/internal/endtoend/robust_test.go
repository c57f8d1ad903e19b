package endtoend_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// row is one line of the robustness table: what the provider does, and what the
// caller must get in every mode.
type row struct {
	name   string
	answer http.HandlerFunc
	call   func(context.Context, *world) (string, error)
	want   string // the result, when there must be no error
	fault  fault
	// The proxy of vault/local has no way to hand on half an answer.
	proxied fault
}

// with gives the rows without a call this one.
func with(call func(context.Context, *world) (string, error), rows ...row) []row {
	for i := range rows {
		if rows[i].call == nil {
			rows[i].call = call
		}
	}
	return rows
}

// fault is what an error must be.
type fault struct {
	status        int    // of an *api.Error
	code, message string // of an *api.Error
	is, not       []error
	decode        string // part of a *api.DecodeError's reason
	transport     bool   // a *api.TransportError
}

func (f fault) none() bool { return f.status == 0 && f.decode == "" && !f.transport }

func runRows(t *testing.T, rows []row) {
	t.Helper()
	eachSetting(t, func(t *testing.T, w *world) {
		for _, r := range rows {
			t.Run(r.name, func(t *testing.T) {
				w.provider.script(r.answer)
				w.other.script(reply(200, jsonType, "{}"))
				got, err := r.call(w.ctx(), w)
				if w.agent.Mode() == vault.Proxy && !r.proxied.none() {
					r.fault = r.proxied
				}
				r.check(t, got, err)
				if len(w.provider.requests()) == 0 {
					t.Error("the provider was not called")
				}
				checkDelivery(t, w.provider, plainToken)
				if n := len(w.other.requests()); n > 0 {
					t.Errorf("the other host got %d requests", n)
				}
			})
		}
		w.checkTrailComplete(t)
	})
}

func (w *world) checkTrailComplete(t *testing.T) {
	t.Helper()
	for _, e := range w.trail() {
		if e.RunID != "run-abc123" || e.Outcome == "intent" || e.Decision != "allowed" {
			t.Errorf("audit row of %s %s: run %q, %s, %s", e.Method, e.Path, e.RunID, e.Decision, e.Outcome)
		}
	}
}

func (r row) check(t *testing.T, got string, err error) {
	t.Helper()
	if r.fault.none() {
		if err != nil {
			t.Errorf("error: %v", err)
		} else if got != r.want {
			t.Errorf("result %s, not %s", got, r.want)
		}
		return
	}
	if err == nil {
		t.Errorf("no error, result %s", got)
		return
	}
	r.fault.check(t, err)
}

func (f fault) check(t *testing.T, err error) {
	t.Helper()
	for _, target := range f.is {
		if !errors.Is(err, target) {
			t.Errorf("errors.Is(%q) fails for: %v", target, err)
		}
	}
	for _, target := range f.not {
		if errors.Is(err, target) {
			t.Errorf("errors.Is(%q) holds for: %v", target, err)
		}
	}
	switch {
	case f.status != 0:
		e, ok := errors.AsType[*api.Error](err)
		if !ok {
			t.Errorf("%T is no *api.Error: %v", err, err)
			return
		}
		if e.Status != f.status || e.Code != f.code || e.Message != f.message {
			t.Errorf("status %d, code %q, message %q; not %d, %q, %q", e.Status, e.Code, e.Message, f.status, f.code, f.message)
		}
	case f.decode != "":
		e, ok := errors.AsType[*api.DecodeError](err)
		if !ok || !strings.Contains(e.Reason, f.decode) {
			t.Errorf("%T without %q: %v", err, f.decode, err)
		}
	case f.transport:
		if _, ok := errors.AsType[*api.TransportError](err); !ok {
			t.Errorf("%T is no *api.TransportError: %v", err, err)
		}
	}
}
