package local

import (
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// SecretKind says how a managed secret goes into a request.
type SecretKind string

// The kinds.
const (
	SecretBearer SecretKind = "bearer"    // Authorization: Bearer and one token
	SecretHeader SecretKind = "header"    // headers of the provider's own, such as X-Api-Key
	SecretQuery  SecretKind = "query"     // query parameters, such as key and token
	SecretBasic  SecretKind = "basic"     // Authorization: Basic, from a user name and a password
	SecretAWS    SecretKind = "aws_sigv4" // a signature with an AWS access key
)

func secretKinds() []SecretKind {
	return []SecretKind{SecretBearer, SecretHeader, SecretQuery, SecretBasic, SecretAWS}
}

// ManagedSecretSpec describes a managed secret: a provider that takes a key
// which somebody enters, instead of an account that somebody connects. Grants
// stand on it as they stand on accounts.
type ManagedSecretSpec struct {
	AppID    string // may be empty while the vault has one app
	Slug     string // required, unique in the app: 1 to 50 of a-z, 0-9 and hyphen; calls name it as their provider
	Name     string // what people read; default Slug
	Template string // optional: the kind of provider, for clients that ask by template

	Kind   SecretKind
	Names  []string // header and query: up to 5 header or parameter names, one for each value
	Prefix string   // header: written before the first value, such as "Token "

	// Region and Service are those that AWS signatures name when the host does
	// not tell them.
	Region, Service string

	// Hosts are the only places that the secret may go to, as in GrantSpec.
	Hosts []string

	Value     SecretValue // the operator's own; zero = none
	Label     string      // of Value, default "default"
	UserKeys  bool        // users may enter keys of their own on the vault's page
	ProxyOnly bool        // its values never leave the vault
}

// SecretValue is a value of a managed secret: the fields of its kind. Printing,
// logging or marshalling it shows none of it.
type SecretValue struct {
	Values []string // bearer: the token; header and query: one for each of Names

	Username, Password string // basic: one of them may be empty

	AccessKeyID, SecretAccessKey string // aws_sigv4
	SessionToken                 string // aws_sigv4, of temporary keys
}

// Format hides the value from every verb.
func (SecretValue) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// LogValue implements slog.LogValuer and hides the value.
func (SecretValue) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON hides the value.
func (SecretValue) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// The fields of SecretValue, as errors call those that belong together.
const (
	listFields  = "Values"
	basicFields = "Username and Password"
	awsFields   = "AccessKeyID, SecretAccessKey and perhaps SessionToken"
)

// fields are those that a value of the kind has.
func (k SecretKind) fields() string {
	switch k {
	case SecretBasic:
		return basicFields
	case SecretAWS:
		return awsFields
	}
	return listFields
}

// given are the fields of which something is set.
func (s *SecretValue) given() (fields []string) {
	if s.Values != nil {
		fields = append(fields, listFields)
	}
	if s.Username+s.Password != "" {
		fields = append(fields, basicFields)
	}
	if s.AccessKeyID+s.SecretAccessKey+s.SessionToken != "" {
		fields = append(fields, awsFields)
	}
	return fields
}

func (s *SecretValue) isZero() bool { return s.given() == nil }

// ManagedSecret is a managed secret as its operator sees it.
type ManagedSecret struct {
	ID, AppID, Slug, Name, Template string
	Kind                            SecretKind
	Hosts                           []string
	UserKeys, ProxyOnly             bool
	Credentials                     []SecretCredential
	Grants                          int // that are not revoked
	CreatedAt                       time.Time
}

// SecretCredential is one value of a managed secret, without the value.
type SecretCredential struct {
	ID, Label            string
	UserID               string // who entered it; "" = the operator
	CreatedAt, RotatedAt time.Time
}

// secretConfig is what is stored of a managed secret in clear.
type secretConfig struct {
	Kind      SecretKind `json:"kind"`
	Names     []string   `json:"names,omitzero"`
	Prefix    string     `json:"prefix,omitzero"`
	Region    string     `json:"region,omitzero"`
	Service   string     `json:"service,omitzero"`
	Hosts     []string   `json:"hosts"`
	UserKeys  bool       `json:"user_keys,omitzero"`
	ProxyOnly bool       `json:"proxy_only,omitzero"`
}

const (
	maxSecretNames = 5
	maxValue       = 8 << 10 // bytes of one text of a value, and characters of a field on the page
)

func specField(field, reason string) error { return &SpecError{"ManagedSecretSpec." + field, reason} }

// check makes the checks that need no database.
func (spec *ManagedSecretSpec) check() (*secretConfig, error) {
	switch {
	case !wire.ValidSecretSlug(spec.Slug):
		return nil, specField("Slug", `must have 1 to 50 characters of a-z, 0-9 and hyphen, such as "stripe-production"`)
	case !plainText(spec.Name):
		return nil, specField("Name", "must have at most 255 characters without surrounding space or controls")
	case spec.Template != "" && !wire.ValidSecretSlug(spec.Template):
		return nil, specField("Template", "must have at most 50 characters of a-z, 0-9 and hyphen")
	case !slices.Contains(secretKinds(), spec.Kind):
		return nil, specField("Kind", fmt.Sprintf("must be one of %q", secretKinds()))
	case !plainText(spec.Label):
		return nil, specField("Label", "must have at most 255 characters without surrounding space or controls")
	case len(spec.Hosts) == 0:
		return nil, specField("Hosts", `needs at least one entry such as "https://api.stripe.com"`)
	case spec.Value.isZero() && !spec.UserKeys:
		return nil, specField("Value", "is required, unless UserKeys lets users enter keys of their own")
	}
	c := &secretConfig{
		Kind: spec.Kind, Names: spec.Names, Prefix: spec.Prefix, Region: spec.Region, Service: spec.Service, UserKeys: spec.UserKeys, ProxyOnly: spec.ProxyOnly,
	}
	for i, raw := range spec.Hosts {
		origin, err := parseOrigin(raw)
		if err != nil {
			return nil, specField(fmt.Sprintf("Hosts[%d]", i), err.Error())
		}
		c.Hosts = append(c.Hosts, origin)
	}
	return c, c.check()
}

func (c *secretConfig) check() error {
	named := c.Kind == SecretHeader || c.Kind == SecretQuery
	switch {
	case named && (len(c.Names) == 0 || len(c.Names) > maxSecretNames):
		return specField("Names", "needs 1 to 5 names for this kind")
	case !named && c.Names != nil:
		return specField("Names", "belongs to the kinds header and query")
	case c.Prefix != "" && c.Kind != SecretHeader:
		return specField("Prefix", "belongs to the kind header")
	case strings.Contains(c.Prefix, "{token}"):
		return specField("Prefix", "must not hold {token}: the value follows it")
	case c.Kind != SecretAWS && (c.Region != "" || c.Service != ""):
		return specField("Region", "and Service belong to the kind aws_sigv4")
	case !awsName(c.Region) || !awsName(c.Service):
		return specField("Region", "and Service must have at most 64 letters, digits, hyphens and underscores")
	}
	for i, name := range c.Names {
		for _, other := range c.Names[:i] {
			if strings.EqualFold(name, other) {
				return specField(fmt.Sprintf("Names[%d]", i), "is there twice")
			}
		}
	}
	// The rules for names are those that clients hold the answer to.
	sample := stored{}
	c.place(&sample, slices.Repeat([]string{"x"}, len(c.Names)))
	answer := sample.wire("00000000-0000-4000-8000-000000000000")
	if _, err := wire.ParseCredential(answer.Marshal()); named && err != nil {
		return specField("Names", "must be names of up to 60 letters, digits and hyphens (in parameters, underscores too) that begin with a letter and steer no connection; Prefix has at most 190 characters")
	}
	return nil
}

func awsName(s string) bool {
	return len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool { return !scopeRune(r) })
}

// place fills in where the values of a header or query secret go.
func (c *secretConfig) place(s *stored, values []string) {
	if len(c.Names) == 0 {
		return
	}
	target := wire.TargetHeader
	s.Header, s.Format, s.Additional = c.Names[0], c.Prefix+"{token}", nil
	names, rest := c.Names[1:], values[1:]
	s.Token = values[0]
	if c.Kind == SecretQuery {
		// The protocol has no credential without a header: clients that do not know
		// the placeholder send it, and it says nothing.
		target, names, rest = wire.TargetQuery, c.Names, values
		s.Token, s.Header, s.Format = wire.PlaceholderToken, wire.PlaceholderHeader, "{token}"
	}
	for i, name := range names {
		key := "value_" + strconv.Itoa(i+1)
		if s.Additional == nil {
			s.Additional = map[string]string{}
		}
		s.Additional[key] = rest[i]
		s.Injections = append(s.Injections, wire.Injection{Target: target, Key: name, ValueSource: "additional_credentials." + key})
	}
}

// stored turns a value into what is sealed. field names the value in errors,
// which hold nothing of it.
func (c *secretConfig) stored(field string, v *SecretValue) (stored, error) {
	s := stored{Header: "Authorization", Format: "Bearer {token}"}
	wrong := func(what string) (stored, error) { return stored{}, &SpecError{field, what} }
	want := c.Kind.fields()
	if slices.ContainsFunc(v.given(), func(fields string) bool { return fields != want }) {
		return wrong("must hold " + want + " and nothing else for a secret of the kind " + string(c.Kind))
	}
	switch c.Kind {
	case SecretBearer:
		if len(v.Values) != 1 {
			return wrong("must hold one token in Values")
		}
		s.Token = v.Values[0]
	case SecretHeader, SecretQuery:
		if len(v.Values) != len(c.Names) {
			return wrong(fmt.Sprintf("must hold %d entries in Values, one for each name", len(c.Names)))
		}
		c.place(&s, v.Values)
	case SecretBasic:
		if strings.Contains(v.Username, ":") || v.Username+v.Password == "" {
			return wrong("must hold a user name without a colon, a password, or both")
		}
		s.Format, s.Token = "Basic {token}", base64.StdEncoding.EncodeToString([]byte(v.Username+":"+v.Password))
	case SecretAWS:
		s.Format, s.Token = wire.SigV4Prefix, v.AccessKeyID
		s.Additional = map[string]string{"secret_key": v.SecretAccessKey}
		for key, value := range map[string]string{"session_token": v.SessionToken, "region": c.Region, "service": c.Service} {
			if value != "" {
				s.Additional[key] = value
			}
		}
	}
	return s, checkValue(field, v, &s)
}

// checkValue applies the rules that clients hold the answer to.
func checkValue(field string, v *SecretValue, s *stored) error {
	for _, text := range append([]string{v.Username, v.Password, v.AccessKeyID, v.SecretAccessKey, v.SessionToken}, v.Values...) {
		if strings.ContainsAny(text, "\r\n\x00") || !utf8.ValidString(text) || len(text) > maxValue {
			return &SpecError{field, "must hold at most 8192 bytes of UTF-8 for each text, without line breaks"}
		}
	}
	answer := s.wire("00000000-0000-4000-8000-000000000000")
	if _, err := wire.ParseCredential(answer.Marshal()); err != nil || slices.ContainsFunc(v.Values, blank) {
		return &SpecError{field, "must not be blank"}
	}
	return nil
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }

func (c *secretConfig) json() (string, error) {
	raw, err := json.Marshal(c, json.Deterministic(true))
	return string(raw), err
}
