package local

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// grantPolicy is what a sibling grant gives up of its source.
type grantPolicy struct {
	ExpiresAt     string        `json:"expires_at,omitzero"`
	MaxTTLSeconds float64       `json:"max_ttl_seconds,omitzero"`
	Restrictions  *restrictions `json:"restrictions,omitzero"`

	Approval *grantApproval `json:"requires_approval,omitzero"`
}

// restrictions bind a grant to some calls. A client that holds the credential
// could make any, so a restricted grant works through the proxy only.
type restrictions struct {
	Methods   []string `json:"allowed_methods,omitzero"`
	Endpoints []string `json:"allowed_endpoints,omitzero"`
}

// parseGrantPolicy reads the policy of a mint request. What this vault cannot
// hold a grant to is refused.
func parseGrantPolicy(raw jsontext.Value, now time.Time) (p grantPolicy, expires time.Time, f *fault) {
	invalid := func(why string) *fault {
		return refuse(http.StatusUnprocessableEntity, "invalid_grant_policy", "the grant policy "+why)
	}
	if raw == nil {
		return p, expires, nil
	}
	if err := json.Unmarshal(raw, &p, json.RejectUnknownMembers(true)); err != nil {
		return p, expires, invalid("may hold expires_at, max_ttl_seconds, restrictions and requires_approval (true, or the settings of a require_approval rule)")
	}
	if p.Approval != nil && p.Approval.off {
		p.Approval = nil
	}
	if p.ExpiresAt != "" {
		t, ok := wire.ParseISOTime(p.ExpiresAt)
		if !ok || !t.After(now) {
			return p, expires, invalid("has an expires_at that is no time, or past")
		}
		expires = t
	}
	if p.MaxTTLSeconds != 0 {
		if p.MaxTTLSeconds < 1 || p.MaxTTLSeconds > maxTTLSeconds {
			return p, expires, invalid("has a max_ttl_seconds that is not positive")
		}
		if end := now.Add(time.Duration(p.MaxTTLSeconds) * time.Second); expires.IsZero() || end.Before(expires) {
			expires = end
		}
	}
	if why := p.Restrictions.check(); why != "" {
		return p, expires, invalid(why)
	}
	return p, expires, nil
}

func (r *restrictions) check() string {
	if r == nil {
		return ""
	}
	if len(r.Methods) == 0 && len(r.Endpoints) == 0 {
		return "has restrictions that restrict nothing"
	}
	for i, m := range r.Methods {
		if r.Methods[i] = strings.ToUpper(m); !validMethod(r.Methods[i]) {
			return fmt.Sprintf("has no valid method at allowed_methods[%d]", i)
		}
	}
	for i, e := range r.Endpoints {
		if !strings.HasPrefix(e, "/") || len(e) > maxAuditPath {
			return fmt.Sprintf("has no path that begins with a slash at allowed_endpoints[%d]", i)
		}
	}
	return ""
}

// sentences tell a user what the restrictions allow.
func (r *restrictions) sentences() (out []string) {
	if r == nil {
		return nil
	}
	if len(r.Methods) > 0 {
		out = append(out, "It asks only for calls with "+strings.Join(r.Methods, ", ")+".")
	}
	if len(r.Endpoints) > 0 {
		out = append(out, "It asks only for the paths "+Visible(strings.Join(r.Endpoints, ", "))+".")
	}
	return out
}

// allow reports whether a call is within the restrictions.
func (r *restrictions) allow(method, path string) bool {
	return r == nil || (len(r.Methods) == 0 || slices.Contains(r.Methods, method)) &&
		(len(r.Endpoints) == 0 || slices.ContainsFunc(r.Endpoints, func(p string) bool { return matchEndpoint(p, path) }))
}

// matchEndpoint compares segment by segment: "*" stands for one segment, "**"
// at the end for any rest. A path that could be read in two ways (dot
// segments, escaped slashes) fits nothing.
func matchEndpoint(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	for _, s := range got {
		lower := asciiLower(s)
		plain := strings.ReplaceAll(lower, "%2e", ".")
		if plain == "." || plain == ".." || strings.Contains(lower, "%2f") || strings.Contains(lower, "%5c") || strings.Contains(s, `\`) {
			return false
		}
	}
	for i, w := range want {
		switch {
		case w == "**" && i == len(want)-1:
			return len(got) >= i
		case i >= len(got), w != "*" && w != got[i], w == "*" && got[i] == "":
			return false
		}
	}
	return len(want) == len(got)
}

// policyFault applies restrictions and a narrowed delegation to a call in proxy
// mode.
func policyFault(g *grantRow, method string, dest destination, op *knownOperation) *fault {
	if !g.policy.Restrictions.allow(method, dest.path) {
		return refuse(http.StatusForbidden, "grant_restricted", "the grant's restrictions do not allow this method and path").with("grant_id", g.id)
	}
	if g.delegation == nil || g.delegation.scopeConstraint == nil {
		return nil
	}
	// Only a known operation tells what it needs; anything else stays closed.
	if op != nil && len(op.Scopes) > 0 && !slices.ContainsFunc(op.Scopes, func(s string) bool { return !slices.Contains(g.delegation.scopeConstraint, s) }) {
		return nil
	}
	return refuse(http.StatusForbidden, "scope_constraint_violated", "the delegation is narrowed to scopes that do not cover this call, or the vault does not know what the call needs").
		with("grant_id", g.id)
}
