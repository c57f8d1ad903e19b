package vault

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// CallOption says under which grant, and with which facts for the audit, a call
// is made. It is an api.CallOption for one call of a generated client, a
// [RequestOption] for one call of Request or ProxyRequest, and the default of a
// client when given to HTTPClient.
type CallOption struct {
	api.CallOption
	edit func(*settings)
}

// settings are what a call carries to the transport by its context.
type settings struct {
	target

	reason      *string
	context     []wire.Pair // nil: none given, which lets the trace in
	traceparent string
	userToken   Secret // none given lets the client's own in
	caller      string
	fault       *ValueError // the first broken rule
}

// target says whose credential a call uses: a grant, or what finds one.
type target struct {
	level                   level // at which grant or provider was named
	grant, provider         string
	account, label, appUser string
}

// level tells options of a call from settings of the context around it. Naming
// both grant and provider at one level is a mistake, at two levels it is not:
// the call's own word counts.
type level uint8

const (
	levelContext level = iota
	levelCall
)

func (t target) named() bool { return t.grant != "" || t.provider != "" }

func (t target) check() *ValueError {
	switch {
	case t.grant != "" && t.provider != "":
		return &ValueError{"call", "names both a grant and a provider; use one of them"}
	case t.provider != "":
		return nil
	case t.appUser != "":
		return &ValueError{"app user", "narrows a provider, and the call names none"}
	case t.label != "":
		return &ValueError{"label", "narrows a provider, and the call names none"}
	case t.account != "":
		// The official client drops it in one mode and refuses it in the other.
		return &ValueError{"account", "narrows a provider, and the call names none"}
	}
	return nil
}

// over lays the target of a call over that of its client. What narrows a
// provider stays with the provider that it was given for.
func (t target) over(base target) target {
	if t.named() {
		return t
	}
	base.account = cmp.Or(t.account, base.account)
	base.label = cmp.Or(t.label, base.label)
	base.appUser = cmp.Or(t.appUser, base.appUser)
	return base
}

type settingsKey struct{}

func settingsFrom(ctx context.Context) settings {
	s, _ := ctx.Value(settingsKey{}).(settings)
	return s
}

// over lays the settings of a call over the defaults of its client.
func (s settings) over(base settings) settings {
	s.target = s.target.over(base.target)
	if s.reason == nil {
		s.reason = base.reason
	}
	if s.context == nil {
		s.context = base.context
	}
	s.traceparent = cmp.Or(s.traceparent, base.traceparent)
	if s.userToken.IsZero() {
		s.userToken = base.userToken
	}
	s.caller = cmp.Or(s.caller, base.caller)
	if s.fault == nil {
		s.fault = base.fault
	}
	return s
}

func (s *settings) fail(field, problem string) {
	if s.fault == nil {
		s.fault = &ValueError{field, problem}
	}
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
func Grant(id string) CallOption { return option(setGrant(id, levelCall)) }

// Provider makes a call with the one grant that fits: for an application a grant
// of the user whose token goes along, for an agent one that was delegated to it.
// The ID is that of an OAuth provider ("github") or the slug of a managed secret.
// Several that fit are an [ErrAmbiguousGrant], which lists them; [Account],
// [Label], [UserToken] and [AppUser] narrow the choice. A call names a grant or
// a provider, not both; either replaces what context or client name.
func Provider(id string) CallOption {
	return option(func(s *settings) {
		if id == "" {
			s.fail("provider", "is empty")
			return
		}
		s.name(levelCall)
		s.provider = id
	})
}

// Account narrows a [Provider] to one account of the user.
func Account(identifier string) CallOption {
	return nonEmpty("account", identifier, func(s *settings) { s.account = identifier })
}

// Label narrows a [Provider] to the grant with this label.
func Label(label string) CallOption {
	return nonEmpty("label", label, func(s *settings) { s.label = label })
}

// AppUser narrows a [Provider] to the grants of this user of the application.
func AppUser(id string) CallOption {
	return nonEmpty("app user", id, func(s *settings) { s.appUser = id })
}

// UserToken makes a call for the user with this token. It wins over the token of
// [WithUserToken].
func UserToken(token string) CallOption {
	return nonEmpty("user token", token, func(s *settings) { s.userToken = newSecret(token) })
}

// Caller names who makes this one call: 1 to 255 printable ASCII characters. It
// replaces the caller of [WithCaller] in the vault's audit trail.
func Caller(name string) CallOption {
	return option(func(s *settings) {
		if err := wire.CheckCaller(name); err != nil {
			s.fail("caller", err.Error())
			return
		}
		s.caller = name
	})
}

func nonEmpty(field, value string, edit func(*settings)) CallOption {
	return option(func(s *settings) {
		if value == "" {
			s.fail(field, "is empty")
			return
		}
		edit(s)
	})
}

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
func WithGrant(ctx context.Context, id string) context.Context {
	return with(ctx, setGrant(id, levelContext))
}

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
			s.fail("traceparent", "is not a valid W3C traceparent")
			return
		}
		s.traceparent = traceparent
	})
}

func setGrant(id string, at level) func(*settings) {
	return func(s *settings) {
		if id != "" {
			s.name(at)
			s.grant = id
		}
	}
}

// name makes room for a grant or a provider that is named at a level: it
// replaces what an outer level named.
func (t *target) name(at level) {
	if t.level < at {
		t.level, t.grant, t.provider = at, "", ""
	}
}

func setReason(text string) func(*settings) { return func(s *settings) { s.reason = &text } }

func setContext(facts map[string]string) func(*settings) {
	pairs := wire.SortedPairs(facts)
	err := wire.CheckContext(pairs)
	return func(s *settings) {
		if s.context = pairs; err != nil {
			s.fail("context", err.Error())
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
	pairs := own
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
