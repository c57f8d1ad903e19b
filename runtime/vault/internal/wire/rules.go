package wire

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

// The rules below are checked by the client before it sends, and by a vault
// that must not rely on its clients. Their errors name no value.

// MaxAgentScopes is the longest scope map of an agent, in bytes as JSON.
const MaxAgentScopes = 12288

// CheckAgentScopes applies the rules of an agent's scope map: provider IDs and
// scopes that are neither empty nor have blanks at an end, no empty list.
func CheckAgentScopes(scopes map[string][]string) error {
	for provider, list := range scopes {
		switch {
		case provider == "" || strings.TrimSpace(provider) != provider:
			return errors.New("has a provider that is empty or begins or ends with a blank")
		case len(list) == 0:
			return errors.New("has a provider without a scope")
		}
		for _, s := range list {
			if s == "" || strings.TrimSpace(s) != s {
				return errors.New("has a scope that is empty or begins or ends with a blank")
			}
		}
	}
	if text, err := json.Marshal(scopes); err != nil || len(text) > MaxAgentScopes {
		return fmt.Errorf("takes more than %d bytes as JSON", MaxAgentScopes)
	}
	return nil
}

// CheckIdempotencyKey applies the rules of an Idempotency-Key header. The
// official client lets everything but CR and LF pass; a header value that
// net/http refuses is refused here already.
func CheckIdempotencyKey(key string) error {
	if key == "" || len(key) > 255 || !onlyFrom(key, isPrintable) || strings.TrimSpace(key) != key {
		return errors.New("is not 1 to 255 printable ASCII characters without a blank at an end")
	}
	return nil
}

// CheckScopeConstraint applies the rules of a delegation's scope constraint;
// nil is none.
func CheckScopeConstraint(scopes []string) error {
	if scopes == nil {
		return nil
	}
	if len(scopes) == 0 || len(scopes) > 100 {
		return errors.New("does not have 1 to 100 entries")
	}
	for _, s := range scopes {
		t := strings.TrimSpace(s)
		ok := func(c byte) bool { return c > 0x20 && c < 0x7F && c != '"' && c != '\\' }
		if t == "" || len(t) > 512 || t == "*" || !onlyFrom(t, ok) {
			return errors.New(`has an entry that is "*", empty, longer than 512 or not printable ASCII without blanks, quotes and backslashes`)
		}
	}
	return nil
}

// CheckLabel applies the rule of a grant's label.
func CheckLabel(label string) error {
	if n := utf8.RuneCountInString(label); n < 1 || n > 255 {
		return errors.New("is not 1 to 255 characters")
	}
	return nil
}

// GrantPolicyInput is the grant_policy of a Connect session.
type GrantPolicyInput struct {
	ExpiresAt         string // ISO 8601; left out when ""
	MaxTTLSeconds     int64  // these two are left out when 0
	DefaultTTLSeconds int64
}

// Marshal returns the policy as JSON.
func (p GrantPolicyInput) Marshal() []byte {
	var o object
	o.optStr("expires_at", p.ExpiresAt)
	if p.MaxTTLSeconds != 0 {
		o.num("max_ttl_seconds", p.MaxTTLSeconds)
	}
	if p.DefaultTTLSeconds != 0 {
		o.num("default_ttl_seconds", p.DefaultTTLSeconds)
	}
	return o.bytes()
}

// Check applies the rules of a policy. That the default is at most the maximum
// is left to the vault, as in the protocol.
func (p GrantPolicyInput) Check() error {
	switch {
	case p.MaxTTLSeconds < 0 || p.DefaultTTLSeconds < 0:
		return errors.New("has a lifetime below one second")
	case p.ExpiresAt != "" && !isISOTime(p.ExpiresAt):
		return errors.New("has an expires_at that is no ISO 8601 time")
	}
	return nil
}

// grantPolicy reads a policy on the vault's side: unknown keys are refused,
// nulls count as absent.
func (r *reader) grantPolicy(name string) *GrantPolicyInput {
	s := r.sub(name)
	if s == nil {
		return nil
	}
	p := GrantPolicyInput{ExpiresAt: s.optStr("expires_at")}
	for key, dst := range map[string]*int64{"max_ttl_seconds": &p.MaxTTLSeconds, "default_ttl_seconds": &p.DefaultTTLSeconds} {
		if s.given(key) {
			n, ok := wholeOf(s.m[key])
			s.check(ok && n > 0, key)
			*dst = n
		}
	}
	for key := range s.m {
		s.check(key == "expires_at" || key == "max_ttl_seconds" || key == "default_ttl_seconds", key)
	}
	r.check(s.bad == nil && p.Check() == nil, name)
	return &p
}

// RequestedGrant asks the user of a Connect session for a labelled grant.
type RequestedGrant struct {
	Label            string
	AllowedMethods   []string // these two are left out when nil
	AllowedEndpoints []string
}

// Marshal returns it as JSON.
func (g RequestedGrant) Marshal() []byte {
	var o, limits object
	o.str("label", g.Label)
	limits.optList("allowed_methods", g.AllowedMethods)
	limits.optList("allowed_endpoints", g.AllowedEndpoints)
	if g.AllowedMethods != nil || g.AllowedEndpoints != nil {
		o.raw("restrictions", limits.bytes())
	}
	return o.bytes()
}

func (r *reader) requestedGrant(name string) *RequestedGrant {
	s := r.sub(name)
	if s == nil {
		return nil
	}
	g := RequestedGrant{Label: s.str("label")}
	s.check(CheckLabel(g.Label) == nil, "label")
	if limits := s.sub("restrictions"); limits != nil {
		g.AllowedMethods, g.AllowedEndpoints = limits.optList("allowed_methods"), limits.optList("allowed_endpoints")
		s.check(limits.bad == nil, "restrictions")
	}
	r.check(s.bad == nil, name)
	return &g
}

// bareOrigin reports whether s is an https origin of lower-case DNS labels
// without a port, as api_base_url must be; anything else counts as absent.
func bareOrigin(s string) bool {
	host, ok := strings.CutPrefix(s, "https://")
	if !ok || host == "" || len(s) > 270 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		ok := func(c byte) bool { return 'a' <= c && c <= 'z' || isDigit(c) || c == '-' }
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || !onlyFrom(label, ok) {
			return false
		}
	}
	return true
}

func (r *reader) origin(name string) string {
	if s := r.softStr(name); bareOrigin(s) {
		return s
	}
	return ""
}
