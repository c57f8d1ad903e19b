package rule

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MaxBody is the longest body of a rule, in bytes as JSON.
const MaxBody = 16 << 10

// Kind is the wire name of a kind of rule.
type Kind string

// The kinds.
const (
	KindJSONMatch       Kind = "json_match"
	KindIPAllowlist     Kind = "ip_allowlist"
	KindTimeWindow      Kind = "time_window"
	KindRequireApproval Kind = "require_approval"
	KindContentMatch    Kind = "content_match"
)

// Rule is one of the kinds of this package.
type Rule interface {
	// Kind returns the wire name.
	Kind() Kind
	// Check returns nil, or an *[Error] that names the member that is wrong.
	Check() error

	wire() any // the body, for encoding
}

// Error says what is wrong with a rule. It never holds the rule's values.
type Error struct {
	Kind    Kind
	Field   string // path of the member, "" = the whole body
	Problem string
}

// Error returns the kind, the member and the problem.
func (e *Error) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("%s rule %s", e.Kind, e.Problem)
	}
	return fmt.Sprintf("%s rule: %s %s", e.Kind, e.Field, e.Problem)
}

// Body returns the rule's JSON body after checking it.
func Body(r Rule) ([]byte, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	body, err := json.Marshal(r.wire(), json.Deterministic(true))
	if err != nil {
		return nil, &Error{Kind: r.Kind(), Problem: "cannot be written as JSON"}
	}
	if len(body) > MaxBody {
		return nil, tooLong(r.Kind())
	}
	return body, nil
}

func tooLong(kind Kind) error {
	return &Error{Kind: kind, Problem: fmt.Sprintf("takes more than %d bytes as JSON", MaxBody)}
}

// Parse reads a rule from its kind and JSON body. Unknown kinds, unknown
// members and values outside the limits are an *[Error]: a rule that is only
// half understood must not be applied.
func Parse(kind Kind, body []byte) (Rule, error) {
	if len(body) > MaxBody {
		return nil, tooLong(kind)
	}
	var r interface {
		Rule
		read(body []byte) error
	}
	switch kind {
	case KindJSONMatch:
		r = new(JSONMatch)
	case KindIPAllowlist:
		r = new(IPAllowlist)
	case KindTimeWindow:
		r = new(TimeWindow)
	case KindRequireApproval:
		r = new(RequireApproval)
	case KindContentMatch:
		r = new(ContentMatch)
	default:
		return nil, &Error{Kind: kind, Problem: "is of a kind that is not known"}
	}
	if err := r.read(body); err != nil {
		return nil, err
	}
	return r, r.Check()
}

// readStrict decodes one JSON object into dst. Members that are not known,
// that come twice or in other letter case, and broken text are refused.
func readStrict(kind Kind, body []byte, dst any) error {
	if v := jsontext.Value(body); v.Kind() != '{' {
		return &Error{Kind: kind, Problem: "has a body that is no JSON object"}
	}
	err := json.Unmarshal(body, dst, json.RejectUnknownMembers(true))
	var own *Error
	var wrong *json.SemanticError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		own.Kind = kind
		return own
	case errors.Is(err, json.ErrUnknownName):
		return &Error{Kind: kind, Problem: "has a member that is not known"}
	case errors.As(err, &wrong):
		return &Error{Kind: kind, Field: strings.ReplaceAll(strings.TrimPrefix(string(wrong.JSONPointer), "/"), "/", "."), Problem: "is of the wrong type"}
	}
	return &Error{Kind: kind, Problem: "has a body that is no valid JSON, or a member twice"}
}
