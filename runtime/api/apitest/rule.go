package apitest

import (
	"maps"
	"math"
	"mime"
	"net/http"
	"slices"

	"github.com/grantwire/grantwire/runtime/api"
)

// Rule is one scripted answer. Its methods narrow it and return it, so that they
// can follow each other. A rule with a condition (Path, When) answers every call
// that fits it, unless Times sets a bound.
type Rule struct {
	rt    *Transport
	reply func(*Call) Reply
	path  map[string]string
	when  []func(Call) bool
	times int // 0 = once, and again when no later rule is left
	stays bool
	used  int
}

// Reply is an answer as [Transport.Func] computes it.
type Reply struct {
	Status int         // 0 = 200, or 204 for an operation without content
	Header http.Header // added to the headers that the body needs
	Body   any         // see [Transport.Answer]
	Err    error       // not nil: no answer arrives, the client sees this error

	fail bool
}

// Fault is an error body in the shape of the operation's provider.
type Fault struct{ Code, Message string }

// Answer answers a call with a success. body is a value of the operation's result
// type, which is encoded as JSON. Bytes, a string for a text operation and
// api.RawJSON are sent as they are; nil is no body. Required members of a union
// type that are not set are sent as null. Where the provider's bodies hold a member
// that says "ok", it is set to true.
func (rt *Transport) Answer(operation string, body any) *Rule {
	return rt.Func(operation, func(*Call) Reply { return Reply{Body: body} })
}

// Fail answers a call with an error. body is a [Fault], a string (the message of
// one), nil for a fault without code and message, or the provider's own error type.
// A status below 300 is for providers that tell errors in the body.
func (rt *Transport) Fail(operation string, status int, body any) *Rule {
	return rt.Func(operation, func(*Call) Reply { return Reply{Status: status, Body: body, fail: true} })
}

// Break answers a call with err instead of a response, as a broken connection does.
func (rt *Transport) Break(operation string, err error) *Rule {
	return rt.Func(operation, func(*Call) Reply { return Reply{Err: err} })
}

// Download answers a call with bytes. contentType "" stands for
// application/octet-stream; filename "" suggests no name.
func (rt *Transport) Download(operation, contentType, filename string, content []byte) *Rule {
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	header := http.Header{"Content-Type": {contentType}}
	if filename != "" {
		header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": filename}))
	}
	return rt.Func(operation, func(*Call) Reply { return Reply{Header: header, Body: content} })
}

// Pages answers the calls for all pages of an operation. Each of pages is a slice
// of items. A walk can be repeated: which page is due is read from the request.
func (rt *Transport) Pages(operation string, pages ...any) *Rule {
	op := rt.operation(operation)
	if op != nil && op.Paging.Kind == api.PagingNone {
		_ = rt.failf("%s does not page; use Answer", label(op))
		op = nil
	}
	if op == nil {
		return &Rule{rt: rt}
	}
	r := rt.add(op, func(c *Call) Reply { return page(op, c, pages) })
	r.stays = true
	return r
}

// Func answers a call with what f returns. f gets the recorded call and may be
// called by several goroutines at once.
func (rt *Transport) Func(operation string, f func(*Call) Reply) *Rule {
	if op := rt.operation(operation); op != nil {
		return rt.add(op, f)
	}
	return &Rule{rt: rt} // answers nothing; the failure is reported
}

func (rt *Transport) add(op *api.Operation, f func(*Call) Reply) *Rule {
	r := &Rule{rt: rt, reply: f}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.rules[op] = append(rt.rules[op], r)
	return r
}

// operation finds an operation by one of its names and reports when there is none.
func (rt *Transport) operation(name string) *api.Operation {
	switch found := rt.table.byName[name]; len(found) {
	case 0:
		_ = rt.failf("no operation is called %q; the function Operations of the generated package lists them", name)
	case 1:
		return found[0]
	default:
		_ = rt.failf("%q is the name of more than one operation; put the provider before it: %q",
			name, found[0].Provider.Name+":"+found[0].ID)
	}
	return nil
}

// Path narrows the rule to calls with this path value.
func (r *Rule) Path(name, value string) *Rule {
	return r.change(func() {
		if r.path == nil {
			r.path = map[string]string{}
		}
		r.path[name] = value
	})
}

// When narrows the rule to calls for which f is true. f must not call the transport.
func (r *Rule) When(f func(Call) bool) *Rule {
	return r.change(func() { r.when = append(r.when, f) })
}

// Times makes the rule answer n calls and no more.
func (r *Rule) Times(n int) *Rule { return r.change(func() { r.times = max(n, 1) }) }

// Status replaces the status of the answer.
func (r *Rule) Status(status int) *Rule {
	return r.wrap(func(reply *Reply) { reply.Status = status })
}

// Header adds a response header.
func (r *Rule) Header(name, value string) *Rule {
	return r.wrap(func(reply *Reply) {
		reply.Header = maps.Clone(reply.Header)
		if reply.Header == nil {
			reply.Header = http.Header{}
		}
		reply.Header[http.CanonicalHeaderKey(name)] = append(slices.Clone(reply.Header.Values(name)), value)
	})
}

func (r *Rule) wrap(edit func(*Reply)) *Rule {
	return r.change(func() {
		inner := r.reply
		if inner == nil {
			return
		}
		r.reply = func(c *Call) Reply {
			reply := inner(c)
			edit(&reply)
			return reply
		}
	})
}

func (r *Rule) change(f func()) *Rule {
	r.rt.mu.Lock()
	defer r.rt.mu.Unlock()
	f()
	return r
}

func (r *Rule) fits(c *Call) bool {
	for name, want := range r.path {
		if got, ok := c.Path[name]; !ok || got != want {
			return false
		}
	}
	for _, f := range r.when {
		if !f(*c) {
			return false
		}
	}
	return true
}

// limit is how many calls the rule answers before a later one has its turn.
func (r *Rule) limit() int {
	switch {
	case r.times > 0:
		return r.times
	case r.stays || len(r.path)+len(r.when) > 0:
		return math.MaxInt
	}
	return 1
}
