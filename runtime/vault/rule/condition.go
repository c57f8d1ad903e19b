package rule

import (
	"fmt"
	"net/netip"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Limits of conditions.
const (
	maxValues   = 100 // of one condition
	maxValueLen = 512 // characters
)

// When says which calls a rule is for. A member with values matches a call that
// has one of them; all members that have values must match. Text is compared
// exactly; Method in upper case, ClientIP as an address (no ranges).
type When struct {
	AppID        []string
	Environment  []string
	AgentID      []string
	APIKeyID     []string
	ProviderID   []string
	ResourceKind []string // "oauth" or "managed_secret"
	ClientIP     []string
	Method       []string // never matches less than all calls where the vault hands out the token itself
}

// condition is one member of a When with its wire name.
type condition struct {
	Name   string
	Values []string
}

// Conditions returns the members that have values, by wire name in a fixed order.
func (w When) Conditions() (names []string, values [][]string) {
	for _, c := range w.list() {
		if c.Values != nil {
			names, values = append(names, c.Name), append(values, c.Values)
		}
	}
	return names, values
}

func (w When) list() []condition {
	return []condition{
		{"app_id", w.AppID}, {"environment", w.Environment}, {"agent_id", w.AgentID}, {"api_key_id", w.APIKeyID},
		{"provider_id", w.ProviderID}, {"resource_kind", w.ResourceKind}, {"client_ip", w.ClientIP}, {"method", w.Method},
	}
}

func (w *When) member(name string) *[]string {
	return map[string]*[]string{
		"app_id": &w.AppID, "environment": &w.Environment, "agent_id": &w.AgentID, "api_key_id": &w.APIKeyID,
		"provider_id": &w.ProviderID, "resource_kind": &w.ResourceKind, "client_ip": &w.ClientIP, "method": &w.Method,
	}[name]
}

// MarshalJSON writes one value as a text, several as a list.
func (w When) MarshalJSON() ([]byte, error) {
	out := map[string]any{}
	for _, c := range w.list() {
		switch {
		case len(c.Values) == 1:
			out[c.Name] = c.Values[0]
		case c.Values != nil:
			out[c.Name] = c.Values
		}
	}
	return json.Marshal(out, json.Deterministic(true))
}

// UnmarshalJSON reads both forms and refuses attributes that are not known.
func (w *When) UnmarshalJSON(b []byte) error {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(b, &members); err != nil || members == nil {
		return &Error{Kind: KindJSONMatch, Field: "when", Problem: "is no JSON object"}
	}
	*w = When{}
	for name, raw := range members {
		dst := w.member(name)
		if dst == nil {
			return &Error{Kind: KindJSONMatch, Field: "when", Problem: "has an attribute that is not known"}
		}
		if raw.Kind() == '"' {
			*dst = []string{""}
			if err := json.Unmarshal(raw, &(*dst)[0]); err != nil {
				return &Error{Kind: KindJSONMatch, Field: "when." + name, Problem: "is no text"}
			}
			continue
		}
		var list []*string
		if err := json.Unmarshal(raw, &list); err != nil || list == nil {
			return &Error{Kind: KindJSONMatch, Field: "when." + name, Problem: "is neither a text nor a list of texts"}
		}
		*dst = []string{}
		for _, s := range list {
			if s == nil {
				return &Error{Kind: KindJSONMatch, Field: "when." + name, Problem: "holds null"}
			}
			*dst = append(*dst, *s)
		}
	}
	return nil
}

func (w When) check(kind Kind) error {
	for _, c := range w.list() {
		field := "when." + c.Name
		if c.Values == nil {
			continue
		}
		if err := checkTexts(kind, field, c.Values, 1, maxValues, maxValueLen); err != nil {
			return err
		}
		for i, v := range c.Values {
			at := fmt.Sprintf("%s[%d]", field, i)
			switch c.Name {
			case "client_ip":
				if _, err := netip.ParseAddr(v); err != nil {
					return &Error{kind, at, "is no IP address (ranges go into an ip_allowlist rule)"}
				}
			case "method":
				if !isMethod(v) {
					return &Error{kind, at, "is no HTTP method in upper case"}
				}
			}
		}
	}
	return nil
}

func isMethod(s string) bool {
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return s != "" && len(s) <= 20
}

// checkTexts applies the limits of a list of texts.
func checkTexts(kind Kind, field string, list []string, least, most, longest int) error {
	if len(list) < least || len(list) > most {
		return &Error{kind, field, fmt.Sprintf("does not have %d to %d values", least, most)}
	}
	for i, s := range list {
		if n := utf8.RuneCountInString(s); n < 1 || n > longest || !utf8.ValidString(s) {
			return &Error{kind, fmt.Sprintf("%s[%d]", field, i), fmt.Sprintf("is not 1 to %d characters of text", longest)}
		}
	}
	return nil
}
