package wire

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Credential is what the vault hands out for one provider call. It holds
// secrets: keep it in local variables, never in a value that somebody may
// print.
type Credential struct {
	AccessToken     string
	GrantID         string
	TokenType       string // "Bearer" when absent
	ExpiresAt       string // "" when absent
	ExpiresIn       *int64
	Scopes          []string
	ProviderID      string
	ScopeMismatch   bool
	InjectionHeader string            // "Authorization" when absent
	InjectionFormat string            // "Bearer {token}" when absent
	Additional      map[string]string // nil when absent or null
	Injections      []Injection
	TokenGeneration string // "" when absent
}

// Injection is a further place that a credential goes to.
type Injection struct {
	Target      string // TargetHeader or TargetQuery
	Key         string
	ValueSource string // "token" or "additional_credentials.<key>"
}

// The targets of an Injection.
const (
	TargetHeader = "header"
	TargetQuery  = "query_param"
)

// SigV4Prefix begins the injection format of a credential that signs requests
// in the AWS manner instead of being sent.
const SigV4Prefix = "AWS4-HMAC-SHA256"

// additionalSource begins a ValueSource that names an additional credential.
const additionalSource = "additional_credentials."

// Format, LogValue and MarshalJSON keep the secrets out of logs and dumps.

// Format prints a fixed text for every verb.
func (c Credential) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, "wire.Credential(hidden)") }

// LogValue logs a fixed text.
func (c Credential) LogValue() slog.Value { return slog.StringValue("wire.Credential(hidden)") }

// MarshalJSON writes a fixed text; Marshal is what makes the answer.
func (c Credential) MarshalJSON() ([]byte, error) { return []byte(`"wire.Credential(hidden)"`), nil }

// Value returns what an injection sends; ok is false when the credential lacks
// it, and then the injection is left out.
func (c Credential) Value(in Injection) (value string, ok bool) {
	if in.ValueSource == "token" {
		return c.AccessToken, true
	}
	value, ok = c.Additional[strings.TrimPrefix(in.ValueSource, additionalSource)]
	return value, ok
}

// HeaderValue returns the main header's value: the format with its first
// {token} replaced.
func (c Credential) HeaderValue() string {
	return strings.Replace(c.InjectionFormat, "{token}", c.AccessToken, 1)
}

// Signs reports whether the credential signs requests instead of being sent.
func (c Credential) Signs() bool { return strings.HasPrefix(c.InjectionFormat, SigV4Prefix) }

// Marshal returns the answer of POST /sdk/token. Empty members that have a
// default are left out.
func (c Credential) Marshal() []byte {
	var o object
	o.str("access_token", c.AccessToken)
	o.str("grant_id", c.GrantID)
	o.optStr("token_type", c.TokenType)
	if c.ExpiresIn != nil {
		o.num("expires_in", *c.ExpiresIn)
	}
	o.optStr("expires_at", c.ExpiresAt)
	if len(c.Scopes) > 0 {
		o.raw("scopes", arrayJSON(c.Scopes, appendString))
	}
	o.optStr("provider_id", c.ProviderID)
	if c.ScopeMismatch {
		o.raw("scope_mismatch", []byte("true"))
	}
	o.optStr("injection_header", c.InjectionHeader)
	o.optStr("injection_format", c.InjectionFormat)
	if c.Additional != nil {
		o.raw("additional_credentials", pairsJSON(SortedPairs(c.Additional)))
	}
	if len(c.Injections) > 0 {
		o.raw("additional_injections", arrayJSON(c.Injections, appendInjection))
	}
	o.optStr("token_generation", c.TokenGeneration)
	return o.bytes()
}

func appendInjection(dst []byte, in Injection) []byte {
	var o object
	o.str("target", in.Target)
	o.str("key", in.Key)
	o.str("value_source", in.ValueSource)
	return append(dst, o.bytes()...)
}

// TokenAnswerError says which member of a token answer broke its rule; it
// never holds the value.
type TokenAnswerError struct{ Member string }

func (e *TokenAnswerError) Error() string {
	if e.Member == "" {
		return "the vault's token answer is not a JSON object"
	}
	return "the vault's token answer has a missing or invalid member " + e.Member
}

// ParseCredential reads and checks the answer of POST /sdk/token.
func ParseCredential(body []byte) (Credential, error) {
	m, err := parseObject(body)
	if err != nil {
		return Credential{}, &TokenAnswerError{}
	}
	c := Credential{
		TokenType: "Bearer", InjectionHeader: "Authorization", InjectionFormat: "Bearer {token}",
	}
	for _, rule := range tokenRules {
		v, present := m[rule.member]
		switch {
		case !present && !rule.required, present && rule.nullable && v.Kind() == 'n':
			continue
		case !present || !rule.read(&c, v):
			return Credential{}, &TokenAnswerError{rule.member}
		}
	}
	return c, nil
}

// tokenRules is the table of the protocol's member rules.
var tokenRules = []struct {
	member             string
	required, nullable bool
	read               func(*Credential, jsontext.Value) bool
}{
	{"access_token", true, false, func(c *Credential, v jsontext.Value) bool {
		return readString(v, &c.AccessToken, func(s string) bool { return s != "" && !strings.ContainsAny(s, "\r\n\x00") })
	}},
	{"grant_id", true, false, func(c *Credential, v jsontext.Value) bool { return readString(v, &c.GrantID, IsLowerUUID) }},
	{"token_type", false, false, func(c *Credential, v jsontext.Value) bool {
		return readString(v, &c.TokenType, func(s string) bool { return s != "" && isLabel(s, 255) })
	}},
	{"expires_in", false, true, func(c *Credential, v jsontext.Value) bool {
		n, ok := integerOf(v)
		c.ExpiresIn = &n
		return ok && n >= 0
	}},
	{"expires_at", false, true, func(c *Credential, v jsontext.Value) bool { return readString(v, &c.ExpiresAt, isTimestamp) }},
	{"scopes", false, false, readScopes},
	{"provider_id", false, false, func(c *Credential, v jsontext.Value) bool {
		return readString(v, &c.ProviderID, func(s string) bool { return isLabel(s, 255) })
	}},
	{"scope_mismatch", false, false, func(c *Credential, v jsontext.Value) bool {
		c.ScopeMismatch = v.Kind() == 't'
		return v.Kind() == 't' || v.Kind() == 'f'
	}},
	{"injection_header", false, false, func(c *Credential, v jsontext.Value) bool {
		return readString(v, &c.InjectionHeader, isInjectionHeader)
	}},
	{"injection_format", false, false, func(c *Credential, v jsontext.Value) bool {
		return readString(v, &c.InjectionFormat, isInjectionFormat)
	}},
	{"additional_credentials", false, true, readAdditional},
	{"additional_injections", false, true, readInjections},
	{"token_generation", false, true, func(c *Credential, v jsontext.Value) bool {
		return readString(v, &c.TokenGeneration, IsLowerUUID)
	}},
}

func readString(v jsontext.Value, dst *string, valid func(string) bool) (ok bool) {
	*dst, ok = stringOf(v)
	return ok && valid(*dst)
}

func readScopes(c *Credential, v jsontext.Value) bool {
	if v.Kind() != '[' {
		return false
	}
	for _, item := range (members{"": v}).array("") {
		s, ok := stringOf(item)
		if !ok || s == "" || !isLabel(s, len(s)) {
			return false
		}
		c.Scopes = append(c.Scopes, s)
	}
	return true
}

func readAdditional(c *Credential, v jsontext.Value) bool {
	m, err := parseObject(v)
	if err != nil || len(m) > 10 {
		return false
	}
	c.Additional = make(map[string]string, len(m))
	for key, raw := range m {
		s, ok := stringOf(raw)
		if !ok || utf8.RuneCountInString(key) > 50 || strings.TrimSpace(s) == "" ||
			utf8.RuneCountInString(s) > 8192 || strings.ContainsAny(s, "\r\n\x00") {
			return false
		}
		c.Additional[key] = s
	}
	return true
}

func readInjections(c *Credential, v jsontext.Value) bool {
	items := (members{"": v}).array("")
	if v.Kind() != '[' || len(items) > 10 {
		return false
	}
	for _, item := range items {
		m, err := parseObject(item)
		var in Injection
		if err != nil || len(m) != 3 || !m.need("target", &in.Target) || !m.need("key", &in.Key) ||
			!m.need("value_source", &in.ValueSource) || !in.valid() {
			return false
		}
		c.Injections = append(c.Injections, in)
	}
	return true
}

func (in Injection) valid() bool {
	if in.Target != TargetHeader && in.Target != TargetQuery || in.Target == TargetHeader && ForbiddenInjection(in.Key) {
		return false
	}
	name := func(c byte) bool { return isAlnum(c) || c == '-' || c == '_' }
	if in.Key == "" || len(in.Key) > 100 || !isLetter(in.Key[0]) || !onlyFrom(in.Key, name) || len(in.ValueSource) > 100 {
		return false
	}
	source, additional := strings.CutPrefix(in.ValueSource, additionalSource)
	if !additional {
		return in.ValueSource == "token"
	}
	lower := func(c byte) bool { return 'a' <= c && c <= 'z' }
	return source != "" && lower(source[0]) &&
		onlyFrom(source, func(c byte) bool { return lower(c) || isDigit(c) || c == '_' })
}

func isInjectionHeader(s string) bool {
	return s != "" && len(s) <= 60 && isLetter(s[0]) && !ForbiddenInjection(s) &&
		onlyFrom(s, func(c byte) bool { return isAlnum(c) || c == '-' })
}

func isInjectionFormat(s string) bool {
	return utf8.RuneCountInString(s) <= 200 && !strings.ContainsAny(s, "\r\n\x00") &&
		(strings.Contains(s, "{token}") || strings.HasPrefix(s, SigV4Prefix))
}

// isLabel reports whether s has at most limit characters, no surrounding space
// and no ASCII control character.
func isLabel(s string, limit int) bool {
	return utf8.RuneCountInString(s) <= limit && strings.TrimSpace(s) == s &&
		onlyFrom(s, func(c byte) bool { return c >= 0x20 && c != 0x7F })
}

// isTimestamp checks the one shape that the protocol allows: upper-case T and
// Z, at most nine fraction digits, a real date, a zone below 24 hours.
func isTimestamp(s string) bool {
	if _, err := time.Parse(time.RFC3339Nano, s); err != nil || len(s) < 20 || s[13] != ':' {
		return false // time.Parse takes a single digit for the hour, the protocol does not
	}
	rest := s[19:]
	if rest[0] == '.' {
		digits := strings.IndexFunc(rest[1:], func(r rune) bool { return r < '0' || r > '9' })
		if digits < 1 || digits > 9 {
			return false
		}
		rest = rest[1+digits:]
	}
	if rest == "Z" {
		return true
	}
	return len(rest) == 6 && strings.IndexByte("+-", rest[0]) >= 0 && rest[1:3] <= "23" && rest[4:6] <= "59"
}

// IsLowerUUID reports whether s is a hyphenated UUID in lower case.
func IsLowerUUID(s string) bool { return IsUUID(s) && strings.ToLower(s) == s }

// IsUUID reports whether s is a hyphenated UUID in any case.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !isHex(s[i]) {
				return false
			}
		}
	}
	return true
}

func isLetter(c byte) bool { return isAlnum(c) && !isDigit(c) }
