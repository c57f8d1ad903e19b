// Package policy decides what rules make of a call. It reads no clock, database
// or network: everything that a decision depends on is in its arguments, so
// that a stored decision can be explained.
package policy

import (
	"net/netip"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// Call is what rules look at. The zero value of a text means that there is none:
// a condition on it does not match.
type Call struct {
	AppID, Environment, AgentID, APIKeyID string
	ProviderID, ResourceKind              string
	Method                                string
	// ClientIP is where the call came from; the zero Addr is not known, and a
	// rule that asks for it refuses.
	ClientIP netip.Addr
	Time     time.Time
	// SignedIn is when the user behind the call signed in; zero is not known.
	SignedIn time.Time
	// Raw: the vault would hand out the token itself, so that any request could
	// follow.
	Raw bool
	// Content is the request as the operation's tables explain it; nil when the
	// vault does not know the operation, or in a raw call.
	Content *Content
}

// Named is a rule with what a refusal calls it by.
type Named struct {
	ID    string // "" for a rule that the client sent along
	Name  string
	Layer string // where it is kept, such as "request", "agent" or "grant_policy"
	Rule  rule.Rule
	// Fault is why the stored rule cannot be read; such a rule refuses every call.
	Fault error
}

// Outcome is what becomes of a call.
type Outcome uint8

// The outcomes, from the mildest to the strictest.
const (
	Allow Outcome = iota
	Redact
	Approve   // a person decides
	ProxyOnly // a rule needs to see the request: call through the proxy
	StepUp    // the user signs in again
	Deny
	Broken // a rule could not be evaluated; refused like Deny
)

// String returns the outcome as audit rows spell it.
func (o Outcome) String() string {
	return [...]string{"allow", "redact", "approve", "proxy_only", "step_up", "deny", "error"}[o]
}

// Decision is the outcome with the rule that decided it.
type Decision struct {
	Outcome Outcome
	// Rule is the first of the strictest rules, nil when no rule had to say anything.
	Rule   *Named
	Reason string // what the rule objects to; holds no value of the call

	Approvals []*Named      // all approvals that the call needs, also for Redact
	Fields    []string      // what must leave the request
	MaxAge    time.Duration // of the sign-in, for StepUp
}

// finding is what one rule says about a call.
type finding struct {
	outcome Outcome
	reason  string
}

// Decide applies the rules, all of them: the strictest outcome counts, and of
// equally strict rules the first.
func Decide(c *Call, rules []Named) Decision {
	var d Decision
	for i := range rules {
		n := &rules[i]
		f := judge(c, n)
		switch r := n.Rule.(type) {
		case *rule.RequireApproval:
			if f.outcome == Approve {
				d.Approvals = append(d.Approvals, n)
			}
		case *rule.ContentMatch:
			if f.outcome == Redact {
				d.Fields = append(d.Fields, r.RedactFields...)
			}
			if f.outcome == StepUp && (d.MaxAge == 0 || r.MaxSessionAge < d.MaxAge) {
				d.MaxAge = r.MaxSessionAge
			}
		}
		if f.outcome > d.Outcome {
			d.Outcome, d.Rule, d.Reason = f.outcome, n, f.reason
		}
	}
	return d
}

func judge(c *Call, n *Named) finding {
	if n.Fault != nil || n.Rule == nil {
		return finding{Broken, "the rule cannot be read"}
	}
	if n.Rule.Check() != nil {
		return finding{Broken, "the rule is outside its limits"}
	}
	switch r := n.Rule.(type) {
	case *rule.JSONMatch:
		return judgeWhen(c, r.When, finding{Deny, "the call fits what the rule refuses"})
	case *rule.RequireApproval:
		return judgeWhen(c, r.When, finding{Approve, "the rule asks for an approval"})
	case *rule.IPAllowlist:
		switch {
		case !c.ClientIP.IsValid():
			return finding{Broken, "the address of the caller is not known"}
		case !r.Contains(c.ClientIP):
			return finding{Deny, "the address of the caller is not allowed"}
		}
	case *rule.TimeWindow:
		return judgeTime(c.Time, r)
	case *rule.ContentMatch:
		return judgeContent(c, r)
	default:
		return finding{Broken, "the rule is of a kind that this vault does not know"}
	}
	return finding{}
}

// judgeWhen returns hit when all conditions match.
func judgeWhen(c *Call, w rule.When, hit finding) finding {
	names, values := w.Conditions()
	for i, name := range names {
		matched, known := c.matches(name, values[i])
		switch {
		case !known:
			return finding{Broken, "the call's " + name + " is not known"}
		case !matched:
			return finding{}
		}
	}
	return hit
}

func (c *Call) matches(name string, values []string) (matched, known bool) {
	var have string
	switch name {
	case "app_id":
		have = c.AppID
	case "environment":
		if c.Environment == "" { // of keys that are of none, a rule cannot tell which they are for
			return false, false
		}
		have = c.Environment
	case "agent_id":
		have = c.AgentID
	case "api_key_id":
		have = c.APIKeyID
	case "provider_id":
		have = c.ProviderID
	case "resource_kind":
		have = c.ResourceKind
	case "method":
		if c.Raw {
			return true, true
		}
		have = c.Method
	case "client_ip":
		return c.comesFrom(values), c.ClientIP.IsValid()
	default:
		return false, false
	}
	for _, v := range values {
		if have != "" && v == have {
			return true, true
		}
	}
	return false, true
}

func (c *Call) comesFrom(values []string) bool {
	for _, v := range values {
		if a, err := netip.ParseAddr(v); err == nil && a.Unmap() == c.ClientIP.Unmap().WithZone("") {
			return true
		}
	}
	return false
}

func judgeTime(now time.Time, r *rule.TimeWindow) finding {
	zone, err := rule.Location(r.Timezone)
	if err != nil || now.IsZero() {
		return finding{Broken, "the time or the rule's time zone is not known"}
	}
	now = now.In(zone)
	if r.WeekdaysOnly && (now.Weekday() == time.Saturday || now.Weekday() == time.Sunday) {
		return finding{Deny, "the rule allows calls from Monday to Friday"}
	}
	if r.BusinessHoursOnly && (now.Hour() < 9 || now.Hour() >= 17) {
		return finding{Deny, "the rule allows calls from 09:00 to 17:00"}
	}
	return finding{}
}
