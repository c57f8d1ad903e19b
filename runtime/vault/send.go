package vault

import (
	"context"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// ask is a question to the vault that is not about a provider call.
type ask struct {
	method, path string
	body         []byte
	surface      surface
	traced       bool // carries the trace of the context, as the namespaces do
	grant        string
	idempotency  string
	timeout      time.Duration       // instead of the client's
	status       int                 // the one status that is a success; 0 means any of 200 to 299
	refused      func(answer) *Error // reads an error answer before the tables do; nil, or a nil result, leaves it to them
}

// send asks the vault and reads its answer. Only 2xx is a success: a redirect
// with a fitting body, which the official client takes, is none.
func send[T any](ctx context.Context, c *client, q ask, read func([]byte) (T, error)) (T, error) {
	var none T
	got, fault := c.ask(ctx, q)
	if fault != nil {
		return none, fault
	}
	result, err := read(got.body)
	if err != nil {
		return none, badAnswer(shownGrant(q.grant), got, err.Error())
	}
	return result, nil
}

// sendOnly asks the vault and does not look at the answer's body.
func sendOnly(ctx context.Context, c *client, q ask) error {
	if _, fault := c.ask(ctx, q); fault != nil {
		return fault
	}
	return nil
}

func (c *client) ask(ctx context.Context, q ask) (answer, *Error) {
	if !c.life.begin() {
		return answer{}, closedError()
	}
	defer c.life.end()
	x, fault := c.exchange(ctx, q)
	if fault != nil {
		return answer{}, fault
	}
	got, fault := c.backend.do(ctx, x)
	switch {
	case fault != nil:
		return answer{}, fault
	case !got.ok():
		if q.refused != nil {
			if fault := q.refused(got); fault != nil {
				return answer{}, fault
			}
		}
		return answer{}, answerError(q.surface, shownGrant(q.grant), got)
	case q.status != 0 && got.status != q.status:
		return answer{}, badAnswer(shownGrant(q.grant), got, "the vault's answer has an unexpected status")
	}
	return got, nil
}

// exchange adds to a question what the context says.
func (c *client) exchange(ctx context.Context, q ask) (exchange, *Error) {
	s := settingsFrom(ctx)
	x := exchange{
		method: q.method, path: q.path, body: q.body, grant: shownGrant(q.grant), idempotency: q.idempotency, timeout: q.timeout,
		traceparent: c.traceparent(ctx, s),
	}
	if s.fault != nil {
		return x, invalid(s.fault.Field, s.fault.Problem)
	}
	if !q.traced {
		return x, nil
	}
	trace := scopeFrom(ctx)
	x.context = trace.pairs
	return x, trace.check()
}

// lowerUUID checks an ID that goes into a path in lower case.
func lowerUUID(field, id string) (string, *Error) {
	if !wire.IsUUID(id) {
		return "", invalid(field, "is not a hyphenated UUID")
	}
	return strings.ToLower(id), nil
}

// checkID refuses an ID that is blank or not one line.
func checkID(field, id string) *Error {
	if err := wire.CheckID(id); err != nil {
		return invalid(field, err.Error())
	}
	if len(id) > 255 || cleanText(id, 255) != id {
		return invalid(field, "is not one line of at most 255 characters")
	}
	return nil
}
