package apitest

import (
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/grantwire/grantwire/runtime/api"
)

// TB is the part of testing.TB that a [Transport] needs.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
}

// Transport is an http.RoundTripper that answers operations. Make it with [New].
// It is safe for concurrent use; answers may be added while calls run.
type Transport struct {
	t     TB
	table table

	mu    sync.Mutex
	rules map[*api.Operation][]*Rule
	calls []Call
	fault []string
}

// New returns a transport that knows the operations of the tables, which are what
// the function Operations of a generated package returns. What goes wrong is
// reported to t; with a nil t, as in an example, it is in the error of the call
// and in [Transport.Err].
func New(t TB, tables ...[]api.Operation) *Transport {
	rt := &Transport{t: t, rules: map[*api.Operation][]*Rule{}}
	for _, ops := range tables {
		for i := range ops {
			if err := rt.table.add(&ops[i]); err != nil {
				_ = rt.failf("%s: %v", label(&ops[i]), err)
			}
		}
	}
	return rt
}

// Client returns a new HTTP client over rt, for the New of a generated package.
func (rt *Transport) Client() *http.Client { return &http.Client{Transport: rt} }

// PlainTransport makes downloads that a redirect sends to another host come here too.
func (rt *Transport) PlainTransport() http.RoundTripper { return rt }

// Err returns what went wrong so far, nil when nothing did.
func (rt *Transport) Err() error {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if len(rt.fault) == 0 {
		return nil
	}
	return fmt.Errorf("apitest: %s", strings.Join(rt.fault, "; "))
}

// RoundTrip records the request and answers it.
func (rt *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer func() { _ = req.Body.Close() }()
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	op, path := rt.table.match(req)
	if op == nil {
		return nil, rt.failf("no operation of the tables given to New fits %s %s://%s%s",
			req.Method, req.URL.Scheme, req.URL.Host, req.URL.EscapedPath())
	}
	call, err := record(op, path, req)
	if err != nil {
		return nil, err // reading the body failed, which is the caller's own error
	}
	rule := rt.take(op, call)
	if rule == nil {
		return nil, rt.failf("%s (%s %s) was called and nothing answers it; say Answer(%q, …) before the call",
			label(op), op.Method, op.Path, op.ID)
	}
	reply := rule.reply(&call)
	if reply.Err != nil {
		return nil, reply.Err
	}
	resp, err := reply.response(op, req)
	if err != nil {
		return nil, rt.failf("%s: the answer cannot be encoded: %v", label(op), err)
	}
	return resp, nil
}

// take records the call and finds its rule: the first that fits and is not used
// up, else the last that fits and was not bounded by Times.
func (rt *Transport) take(op *api.Operation, call Call) *Rule {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.calls = append(rt.calls, call)
	var last *Rule
	for _, r := range rt.rules[op] {
		if !r.fits(&call) {
			continue
		}
		if r.used < r.limit() {
			r.used++
			return r
		}
		if r.times == 0 {
			last = r
		}
	}
	return last
}

// failf reports a failure of the test and returns it as an error.
func (rt *Transport) failf(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	rt.mu.Lock()
	rt.fault = append(rt.fault, text)
	rt.mu.Unlock()
	if rt.t != nil {
		rt.t.Helper()
		rt.t.Errorf("apitest: %s", text)
	}
	return fmt.Errorf("apitest: %s", text)
}

func label(op *api.Operation) string {
	if op.Provider == nil || op.Provider.Name == "" {
		return op.ID
	}
	return op.Provider.Name + ": " + op.ID
}
