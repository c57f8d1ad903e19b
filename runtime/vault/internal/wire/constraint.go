package wire

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MaxRequestRule is the longest X-Alter-Request-Rule header, in bytes.
const MaxRequestRule = 4096

// ErrRequestRule refuses a request-rule header.
var ErrRequestRule = errors.New("the request rule is not base64url of a JSON object with rule_type and rule_body")

// EncodeRequestRule returns the X-Alter-Request-Rule header of a rule. body is
// a JSON object.
func EncodeRequestRule(kind string, body []byte) (string, error) {
	v := jsontext.Value(body).Clone()
	if kind == "" || v.Kind() != '{' || v.Compact() != nil {
		return "", errors.New("has no type, or a body that is no JSON object")
	}
	var o object
	o.str("rule_type", kind)
	// Unlike bodies, this header keeps text outside ASCII as it is.
	text := strings.TrimSuffix(string(o.bytes()), "}") + `,"rule_body":` + string(v) + "}"
	header := base64.RawURLEncoding.EncodeToString([]byte(text))
	if len(header) > MaxRequestRule {
		return "", fmt.Errorf("takes %d bytes as a header, more than %d: shorten its lists", len(header), MaxRequestRule)
	}
	return header, nil
}

// DecodeRequestRule reads the header on the vault's side.
func DecodeRequestRule(header string) (kind string, body []byte, err error) {
	if len(header) > MaxRequestRule {
		return "", nil, ErrRequestRule
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(header)
	if err != nil {
		return "", nil, ErrRequestRule
	}
	var r struct {
		Kind string         `json:"rule_type"`
		Body jsontext.Value `json:"rule_body"`
	}
	if json.Unmarshal(text, &r, json.RejectUnknownMembers(true)) != nil || r.Kind == "" || r.Body.Kind() != '{' {
		return "", nil, ErrRequestRule
	}
	return r.Kind, r.Body, nil
}

// CheckScopes applies the rules of the scopes that a constrained client keeps.
// A comma separates scopes on the wire, so none may hold one.
func CheckScopes(scopes []string) error {
	if len(scopes) == 0 {
		return errors.New("are an empty list")
	}
	for _, s := range scopes {
		ok := func(c byte) bool { return c > 0x20 && c < 0x7F && c != ',' }
		if s == "" || s == "*" || len(s) > 512 || !onlyFrom(s, ok) {
			return errors.New(`have an entry that is "*", empty, longer than 512 or not printable ASCII without blanks and commas`)
		}
	}
	return nil
}
