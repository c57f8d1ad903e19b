package wire

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Paths of the identity endpoints. The last one is of the keys that verify
// assertions; it follows the issuer's address and is not signed.
const (
	PathIdentityResolve = "/sdk/identity/resolve"
	PathIdentityAssert  = "/sdk/identity/assert"
	PathIdentityJWKS    = "/.well-known/alter-identity-jwks.json"
)

// Limits of the identity endpoints.
const (
	MaxUserToken        = 8192 // characters
	MaxAudience         = 512  // characters
	MinAssertionSeconds = 10
	MaxAssertionSeconds = 300
)

// IdentityAsk is the body of POST /sdk/identity/resolve, and the first half of
// that of /assert.
type IdentityAsk struct {
	IncludeProfile bool
	UserToken      string // left out when empty
	AppUserID      string // left out when empty
}

// Format prints a fixed text: the user's token is a secret.
func (r IdentityAsk) Format(w fmt.State, _ rune) { hide(w, "wire.IdentityAsk") }

// LogValue logs a fixed text.
func (r IdentityAsk) LogValue() slog.Value { return hidden("wire.IdentityAsk") }

func (r IdentityAsk) write(o *object) {
	o.flag("include_profile", r.IncludeProfile)
	o.optStr("user_token", r.UserToken)
	o.optStr("app_user_id", r.AppUserID)
}

// Marshal returns the body in the protocol's order.
func (r IdentityAsk) Marshal() []byte {
	var o object
	r.write(&o)
	return o.bytes()
}

func (r *reader) identityAsk() IdentityAsk {
	a := IdentityAsk{IncludeProfile: r.flagOr("include_profile", false), UserToken: r.optStr("user_token"), AppUserID: r.optStr("app_user_id")}
	r.check(runes(a.UserToken) <= MaxUserToken, "user_token")
	return a
}

// ParseIdentityAsk reads the body on the vault's side.
func ParseIdentityAsk(body []byte) (IdentityAsk, error) {
	r := newReader("", body)
	a := r.identityAsk()
	return a, r.requestErr()
}

// AssertionAsk is the body of POST /sdk/identity/assert.
type AssertionAsk struct {
	IdentityAsk

	Audience   string
	TTLSeconds int64 // left out when 0
}

// Marshal returns the body in the protocol's order.
func (r AssertionAsk) Marshal() []byte {
	var o object
	r.write(&o)
	o.str("audience", r.Audience)
	if r.TTLSeconds != 0 {
		o.num("ttl_seconds", r.TTLSeconds)
	}
	return o.bytes()
}

// ParseAssertionAsk reads the body on the vault's side. The audience is for
// [CheckAudience], which has a code of its own.
func ParseAssertionAsk(body []byte) (AssertionAsk, error) {
	r := newReader("", body)
	a := AssertionAsk{IdentityAsk: r.identityAsk(), Audience: r.str("audience")}
	if n := r.optNum("ttl_seconds"); n != nil {
		r.check(*n >= MinAssertionSeconds && *n <= MaxAssertionSeconds, "ttl_seconds")
		a.TTLSeconds = *n
	}
	return a, r.requestErr()
}

// CheckAudience refuses what is no URI of at most 512 characters.
func CheckAudience(s string) error {
	if s == "" || runes(s) > MaxAudience || !hasScheme(s) {
		return errors.New("is not a URI of at most 512 characters")
	}
	return nil
}

func hasScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		switch {
		case letter:
		case i == 0:
			return false
		case c == ':':
			return true
		case '0' <= c && c <= '9', c == '+', c == '.', c == '-':
		default:
			return false
		}
	}
	return false
}

func runes(s string) int { return len([]rune(s)) }

// Identity is the answer of POST /sdk/identity/resolve.
type Identity struct {
	AppID             string
	AppUserID         string
	ExternalSubjectID string
	IDPID             string
	UserStatus        string // "active" or "suspended"; others are kept
	AgentID           string
	ActorID           string
	GroupIDs          []string
	RunID, ThreadID   string // of the trace
	Email             string // this and the next: only when the profile was asked for
	DisplayName       string
}

// Marshal returns the answer.
func (i Identity) Marshal() []byte {
	var o object
	o.str("app_id", i.AppID)
	o.orNull("app_user_id", i.AppUserID)
	o.orNull("external_subject_id", i.ExternalSubjectID)
	o.orNull("idp_id", i.IDPID)
	o.orNull("user_status", i.UserStatus)
	o.list("group_ids", i.GroupIDs)
	o.orNull("agent_id", i.AgentID)
	o.orNull("actor_id", i.ActorID)
	var trace object
	trace.optStr("run_id", i.RunID)
	trace.optStr("thread_id", i.ThreadID)
	if trace.b != nil {
		o.raw("trace", trace.bytes())
	} else {
		o.raw("trace", nil)
	}
	o.orNull("email", i.Email)
	o.orNull("display_name", i.DisplayName)
	return o.bytes()
}

func (r *reader) identity() Identity {
	i := Identity{
		AppID: r.text("app_id"), AppUserID: r.optStr("app_user_id"), ExternalSubjectID: r.optStr("external_subject_id"), IDPID: r.optStr("idp_id"),
		UserStatus: r.optStr("user_status"), AgentID: r.optStr("agent_id"), ActorID: r.optStr("actor_id"), GroupIDs: r.listOr("group_ids"),
		Email: r.optStr("email"), DisplayName: r.optStr("display_name"),
	}
	if trace := r.sub("trace"); trace != nil {
		i.RunID, i.ThreadID = trace.optStr("run_id"), trace.optStr("thread_id")
		r.check(trace.bad == nil, "trace")
	}
	return i
}

// ParseIdentity reads the answer.
func ParseIdentity(body []byte) (Identity, error) {
	r := newReader("the identity", body)
	i := r.identity()
	return i, r.err()
}

// IdentityAssertion is the answer of POST /sdk/identity/assert. Its token lets
// whoever has it pass for the identity, at the audience.
type IdentityAssertion struct {
	Token     string
	ExpiresAt time.Time
	Identity  Identity
}

// Format prints a fixed text for every verb.
func (a IdentityAssertion) Format(w fmt.State, _ rune) { hide(w, "wire.IdentityAssertion") }

// LogValue logs a fixed text.
func (a IdentityAssertion) LogValue() slog.Value { return hidden("wire.IdentityAssertion") }

// Marshal returns the answer.
func (a IdentityAssertion) Marshal() []byte {
	var o object
	o.str("token", a.Token)
	o.time("expires_at", a.ExpiresAt)
	o.raw("identity", a.Identity.Marshal())
	return o.bytes()
}

// ParseIdentityAssertion reads the answer.
func ParseIdentityAssertion(body []byte) (IdentityAssertion, error) {
	r := newReader("the identity assertion", body)
	a := IdentityAssertion{Token: r.text("token"), ExpiresAt: r.time("expires_at")}
	inner := r.sub("identity")
	if inner == nil {
		r.fail("identity")
		return a, r.err()
	}
	a.Identity = inner.identity()
	r.check(inner.bad == nil, "identity")
	return a, r.err()
}
