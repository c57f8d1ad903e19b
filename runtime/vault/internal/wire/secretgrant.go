package wire

import (
	"fmt"
	"log/slog"
)

// Types of principals.
const (
	PrincipalUser   = "user"
	PrincipalGroup  = "group"
	PrincipalSystem = "system"
	PrincipalAgent  = "agent"
)

// SecretPrincipal says whose a grant of a managed secret is. Its type says which
// members it has.
type SecretPrincipal struct {
	Type            string
	UserToken       string // user
	ExternalGroupID string // group
	IDPID           string // group
	Label           string // "" is null for system and agent
}

// SecretGrant is the body of POST /sdk/managed-secrets/{id}/grants.
type SecretGrant struct {
	Principal    SecretPrincipal
	Policy       GrantPolicyInput // always sent
	CredentialID string           // left out when empty
}

// Format prints a fixed text: the user's token is a secret.
func (r SecretGrant) Format(w fmt.State, _ rune) { hide(w, "wire.SecretGrant") }

// LogValue logs a fixed text.
func (r SecretGrant) LogValue() slog.Value { return hidden("wire.SecretGrant") }

// Marshal returns the body in the protocol's order.
func (r SecretGrant) Marshal() []byte {
	var o, p object
	p.str("type", r.Principal.Type)
	switch r.Principal.Type {
	case PrincipalUser:
		p.str("user_token", r.Principal.UserToken)
		p.str("label", r.Principal.Label)
	case PrincipalGroup:
		p.str("external_group_id", r.Principal.ExternalGroupID)
		p.str("idp_id", r.Principal.IDPID)
		p.str("label", r.Principal.Label)
	default:
		p.orNull("label", r.Principal.Label)
	}
	o.raw("principal", p.bytes())
	o.raw("grant_policy", r.Policy.Marshal())
	o.optStr("credential_id", r.CredentialID)
	return o.bytes()
}

// ParseSecretGrant reads the body on the vault's side.
func ParseSecretGrant(body []byte) (SecretGrant, error) {
	r := newReader("", body)
	g := SecretGrant{CredentialID: r.optStr("credential_id")}
	if p := r.grantPolicy("grant_policy"); p != nil {
		g.Policy = *p
	}
	if p := r.sub("principal"); p != nil {
		g.Principal.Type = p.oneOf("type", PrincipalUser, PrincipalGroup, PrincipalSystem, PrincipalAgent)
		switch g.Principal.Type {
		case PrincipalUser:
			g.Principal.UserToken, g.Principal.Label = p.text("user_token"), p.text("label")
		case PrincipalGroup:
			g.Principal.ExternalGroupID, g.Principal.IDPID, g.Principal.Label = p.text("external_group_id"), p.text("idp_id"), p.text("label")
		default:
			g.Principal.Label = p.optStr("label")
		}
		p.check(len([]rune(g.Principal.Label)) <= 255, "label")
		r.check(p.bad == nil, "principal")
	} else {
		r.fail("principal")
	}
	return g, r.requestErr()
}

// SecretGrantCreated is the answer of POST /sdk/managed-secrets/{id}/grants.
type SecretGrantCreated struct {
	GrantID       string
	PrincipalType string
	Label         string // "" is null
	CreatedAt     string
	CredentialID  string
}

// Marshal returns the answer.
func (g SecretGrantCreated) Marshal() []byte {
	var o object
	o.str("grant_id", g.GrantID)
	o.str("principal_type", g.PrincipalType)
	o.orNull("label", g.Label)
	o.str("created_at", g.CreatedAt)
	o.orNull("credential_id", g.CredentialID)
	return o.bytes()
}

// ParseSecretGrantCreated reads the answer.
func ParseSecretGrantCreated(body []byte) (SecretGrantCreated, error) {
	r := newReader("the grant", body)
	r.check(r.has("label"), "label")
	g := SecretGrantCreated{
		GrantID: r.str("grant_id"), PrincipalType: r.oneOf("principal_type", PrincipalUser, PrincipalGroup, PrincipalSystem, PrincipalAgent),
		Label: r.optStr("label"), CreatedAt: r.str("created_at"), CredentialID: r.softStr("credential_id"),
	}
	return g, r.err()
}
