package vault

import (
	"context"
	"slices"
	"strconv"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// CallOption says under which grant, and with which facts for the audit, a call
// is made. It is an api.CallOption for one call of a generated client, and the
// default of a client when given to [Agent.HTTPClient].
type CallOption struct {
	api.CallOption
	edit func(*settings)
}

// settings are what a call carries to the transport by its context.
type settings struct {
	grant       string
	reason      *string
	context     []wire.Pair // nil: none given, which lets the trace in
	traceparent string
	fault       *ValueError // the first broken rule
}

type settingsKey struct{}

func settingsFrom(ctx context.Context) settings {
	s, _ := ctx.Value(settingsKey{}).(settings)
	return s
}

// over lays the settings of a call over the defaults of its client.
func (s settings) over(base settings) settings {
	if s.grant == "" {
		s.grant = base.grant
	}
	if s.reason == nil {
		s.reason = base.reason
	}
	if s.context == nil {
		s.context = base.context
	}
	if s.traceparent == "" {
		s.traceparent = base.traceparent
	}
	if s.fault == nil {
		s.fault = base.fault
	}
	return s
}

func option(edit func(*settings)) CallOption {
	return CallOption{
		CallOption: api.ContextOption(func(ctx context.Context) context.Context { return with(ctx, edit) }),
		edit:       edit,
	}
}

func with(ctx context.Context, edit func(*settings)) context.Context {
	s := settingsFrom(ctx)
	edit(&s)
	return context.WithValue(ctx, settingsKey{}, s)
}

// Grant makes a call under the grant with this ID. An empty ID leaves the
// grant of the context or the client in force.
func Grant(id string) CallOption { return option(setGrant(id)) }

// Reason says in a sentence why the call is made. The vault keeps it in the
// audit row and may show it to the grant's owner.
func Reason(text string) CallOption { return option(setReason(text)) }

// Context gives facts for the audit row, such as "run_id" or "tool": at most
// 20 keys of 64 characters with values of 512, 4096 bytes as JSON. It replaces
// what [Agent.Trace] put into the context, and an empty map leaves that out
// too. The transport adds operation, provider, call_id and attempt where there
// is room. The map is copied.
func Context(facts map[string]string) CallOption { return option(setContext(facts)) }

// WithGrant is [Grant] for clients that know nothing of this package: every
// request made with the context uses the grant.
func WithGrant(ctx context.Context, id string) context.Context { return with(ctx, setGrant(id)) }

// WithReason is [Reason] for a context.
func WithReason(ctx context.Context, text string) context.Context {
	return with(ctx, setReason(text))
}

// WithContext is [Context] for a context.
func WithContext(ctx context.Context, facts map[string]string) context.Context {
	return with(ctx, setContext(facts))
}

// WithTraceparent gives the W3C traceparent that goes to the vault, and to
// nobody else, with each call. A traceparent header on the request itself, as
// tracing transports set it, wins over this one. A malformed value is an
// [ErrInvalidInput] at the first call.
func WithTraceparent(ctx context.Context, traceparent string) context.Context {
	return with(ctx, func(s *settings) {
		if !wire.ValidTraceparent(traceparent) {
			s.fault = &ValueError{"traceparent", "is not a valid W3C traceparent"}
			return
		}
		s.traceparent = traceparent
	})
}

func setGrant(id string) func(*settings) {
	return func(s *settings) {
		if id != "" {
			s.grant = id
		}
	}
}

func setReason(text string) func(*settings) { return func(s *settings) { s.reason = &text } }

func setContext(facts map[string]string) func(*settings) {
	pairs := wire.SortedPairs(facts)
	err := wire.CheckContext(pairs)
	return func(s *settings) {
		if s.context = pairs; err != nil {
			s.fault = &ValueError{"context", err.Error()}
		}
	}
}

// headerPairs is what goes into X-Alter-Context: the caller's own keys, then
// what is known about the call, as far as the limits allow. A request that no
// generated client made gets a call ID all the same, so that the vault can tell
// which audit row its report is about.
func headerPairs(own []wire.Pair, info api.CallInfo, known bool) []wire.Pair {
	facts := []wire.Pair{{Key: "call_id", Value: wire.NewNonce()}}
	if known && info.Operation != nil {
		facts = []wire.Pair{
			{Key: "operation", Value: info.Operation.ID}, {Key: "provider", Value: providerName(info.Operation)},
			{Key: "call_id", Value: info.CallID}, {Key: "attempt", Value: strconv.Itoa(info.Attempt)},
		}
	}
	pairs := slices.Clip(own)
	for _, p := range facts {
		if p.Value == "" || hasKey(own, p.Key) {
			continue
		}
		if more := slices.Concat(pairs, []wire.Pair{p}); wire.CheckContext(more) == nil {
			pairs = more
		}
	}
	return pairs
}

func providerName(op *api.Operation) string {
	if op.Provider == nil {
		return ""
	}
	return op.Provider.Name
}

func hasKey(pairs []wire.Pair, key string) bool {
	for _, p := range pairs {
		if p.Key == key {
			return true
		}
	}
	return false
}
