package local

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// Credential is a provider's secret and where it goes in a request. Printing,
// logging or marshalling the value shows none of it.
type Credential struct {
	Token  string // required, without line breaks
	Header string // default "Authorization"
	Format string // default "Bearer {token}"; the first {token} is replaced

	// Additional holds further secrets by name: up to 10, names of up to 50
	// characters.
	Additional map[string]string
	// Injections are further places that a secret goes to.
	Injections []Injection
}

// Injection is a further header or query parameter.
type Injection struct {
	Query bool   // a query parameter instead of a header
	Key   string // header or parameter name
	From  string // a name in Credential.Additional; "" is the token
}

// Format and GoString would be ambiguous with the field Format, so hiding is
// done by String, GoString, LogValue and MarshalJSON.

// String hides the secret.
func (c Credential) String() string { return hidden }

// GoString hides the secret.
func (c Credential) GoString() string { return "local.Credential{" + hidden + "}" }

// LogValue implements slog.LogValuer and hides the secret.
func (c Credential) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON hides the secret.
func (c Credential) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// stored is the plaintext that is sealed: everything about a credential, since
// formats and names can tell something too.
type stored struct {
	Token      string            `json:"token"`
	Header     string            `json:"header"`
	Format     string            `json:"format"`
	Additional map[string]string `json:"additional,omitzero"`
	Injections []wire.Injection  `json:"injections,omitzero"`
}

// check applies the rules that a client holds the answer to, so that a grant
// that no client could use is refused when it is made.
func (c *Credential) check() (stored, error) {
	s := stored{Token: c.Token, Header: c.Header, Format: c.Format, Additional: c.Additional}
	if s.Header == "" {
		s.Header = "Authorization"
	}
	if s.Format == "" {
		s.Format = "Bearer {token}"
	}
	if strings.HasPrefix(s.Format, wire.SigV4Prefix) {
		return stored{}, &SpecError{"GrantSpec.Credential.Format", "signing credentials (AWS SigV4) are managed secrets of the kind aws_sigv4: see CreateManagedSecret"}
	}
	for i, in := range c.Injections {
		w := wire.Injection{Target: wire.TargetHeader, Key: in.Key, ValueSource: "token"}
		if in.Query {
			w.Target = wire.TargetQuery
		}
		if in.From != "" {
			if _, ok := c.Additional[in.From]; !ok {
				return stored{}, &SpecError{fmt.Sprintf("GrantSpec.Credential.Injections[%d].From", i), "must name a member of Additional, or be empty for the token"}
			}
			w.ValueSource = "additional_credentials." + in.From
		}
		s.Injections = append(s.Injections, w)
	}
	answer := s.wire("00000000-0000-4000-8000-000000000000")
	if _, err := wire.ParseCredential(answer.Marshal()); err != nil {
		return stored{}, credentialFieldError(err)
	}
	return s, nil
}

// credentialFieldError translates the protocol's member into our field.
func credentialFieldError(err error) error {
	member := ""
	if e, ok := err.(*wire.TokenAnswerError); ok { //nolint:errorlint // the parser returns it bare
		member = e.Member
	}
	switch member {
	case "access_token":
		return &SpecError{"GrantSpec.Credential.Token", "must not be empty or hold line breaks"}
	case "injection_header":
		return &SpecError{"GrantSpec.Credential.Header", "must be a header name of up to 60 letters, digits and hyphens that steers no connection (Host, Cookie, Content-Type … are refused)"}
	case "injection_format":
		return &SpecError{"GrantSpec.Credential.Format", "must hold {token}, at most 200 characters and no line breaks"}
	case "additional_credentials":
		return &SpecError{"GrantSpec.Credential.Additional", "may hold 10 values, with names of up to 50 and values of 1 to 8192 characters without line breaks"}
	}
	return &SpecError{"GrantSpec.Credential.Injections", "may hold 10 entries; Key must begin with a letter and steer no connection, From must be of the form [a-z][a-z0-9_]*"}
}

func (s *stored) wire(grantID string) wire.Credential {
	return wire.Credential{
		AccessToken: s.Token, GrantID: grantID, TokenType: "Bearer", InjectionHeader: s.Header, InjectionFormat: s.Format,
		Additional: s.Additional, Injections: s.Injections,
	}
}

// openCredential unseals a grant's credential in the shape of the protocol.
func (v *Vault) openCredential(g *grantRow) (wire.Credential, error) {
	plain, err := v.seal.open(kindGrant, g.connectionID, fieldCredential, g.credential)
	if err != nil {
		return wire.Credential{}, err
	}
	defer clear(plain)
	var s stored
	if err := json.Unmarshal(plain, &s); err != nil {
		return wire.Credential{}, errSeal // the decoder's text could quote the secret
	}
	c := s.wire(g.id)
	c.ProviderID, c.Scopes, c.ScopeMismatch = g.provider, g.scopes, g.scopeMismatch
	if g.secretID == "" { // nothing renews a managed secret, so a report of its refusal needs no generation
		c.TokenGeneration = g.generation
	}
	return c, nil
}
