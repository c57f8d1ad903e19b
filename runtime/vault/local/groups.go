package local

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// maxGroups is how many groups of a user are kept; a user of more is in none, so
// that a rule of who is in stays a rule.
const maxGroups = 1000

// groupsOf reads the groups of an account: from the answer of UserURL, or else
// from the ID token. The token came from the provider itself, over the connection
// that the vault made, so its signature tells nothing more; whom it is for and
// whose it is are checked.
func (v *Vault) groupsOf(p *provider, members map[string]jsontext.Value, idToken string) []string {
	if p.GroupsField == "" {
		return nil
	}
	value, ok := members[p.GroupsField]
	if !ok {
		value = v.idTokenMember(p, members, idToken)
	}
	var groups []string
	if value.Kind() != '[' || json.Unmarshal(value, &groups) != nil || len(groups) > maxGroups {
		return nil
	}
	groups = slices.DeleteFunc(groups, func(s string) bool { return s == "" || !plainText(s) })
	slices.Sort(groups)
	return slices.Compact(groups)
}

// idTokenMember returns a member of an ID token that is for this vault, of this
// account, and not over.
func (v *Vault) idTokenMember(p *provider, members map[string]jsontext.Value, token string) jsontext.Value {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > maxProfile {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims map[string]jsontext.Value
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		return nil
	}
	var expires float64
	var audience []string
	if json.Unmarshal(claims["exp"], &expires) != nil || int64(expires) <= v.now().Add(-clockSlack).Unix() {
		return nil
	}
	if json.Unmarshal(claims["aud"], &audience) != nil {
		audience = []string{firstText(claims, "aud")}
	}
	subject := firstText(claims, "sub")
	if !slices.Contains(audience, p.ClientID) || subject == "" || subject != firstText(members, p.SubjectField, "sub", "id", "login") {
		return nil
	}
	return claims[p.GroupsField]
}

// setGroups replaces the groups of a user at an identity provider.
func setGroups(ctx context.Context, q *statements, userID, idp string, groups []string) error {
	if err := q.exec(ctx, "DELETE FROM user_groups WHERE user_id = ? AND idp_id = ?", userID, idp); err != nil {
		return err
	}
	for _, g := range groups {
		if err := q.exec(ctx, "INSERT INTO user_groups (user_id, idp_id, group_id) VALUES (?, ?, ?)", userID, idp, g); err != nil {
			return err
		}
	}
	return nil
}

// userGroups are the IDs of a user's groups, sorted.
func userGroups(ctx context.Context, q *statements, userID string) ([]string, error) {
	groups := []string{}
	err := q.each(ctx, "SELECT DISTINCT group_id FROM user_groups WHERE user_id = ? ORDER BY group_id", []any{userID}, func(rows *sql.Rows) error {
		var g string
		err := rows.Scan(&g)
		groups = append(groups, g)
		return err
	})
	return groups, err
}

// inGroup is the condition that user ?3 is in the group that grant g is of.
const inGroup = `g.group_id IS NOT NULL AND EXISTS (SELECT 1 FROM user_groups m WHERE m.user_id = ?3 AND m.idp_id = g.group_idp AND m.group_id = g.group_id)`

// groupProvider returns the provider whose groups grants can be of. ok is false
// when users do not sign in through it, or it is not configured to tell groups.
func groupProvider(ctx context.Context, q *statements, idp string) (p *provider, ok bool, err error) {
	p, err = signInProvider(ctx, q)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return p, p.GroupsField != "" && (idp == "" || p.ID == idp), nil
}

// groupPrincipal makes the grant that a client asks for one of a group.
func groupPrincipal(ctx context.Context, q *statements, ask *wire.SecretPrincipal, g *Grant) (*fault, error) {
	p, ok, err := groupProvider(ctx, q, ask.IDPID)
	if err != nil {
		return nil, err
	}
	if !ok {
		return refuse(http.StatusUnprocessableEntity, "group_principal_not_supported", "users do not sign in through this identity provider, or it is not set up to tell their groups").
			withHint("set ProviderSpec.GroupsField on the provider that users sign in through, and name it as idp_id"), nil
	}
	if !plainText(ask.ExternalGroupID) || ask.ExternalGroupID == "" {
		return unprocessable("external_group_id must have 1 to 255 characters without surrounding space or controls"), nil
	}
	g.GroupID, g.GroupProvider = ask.ExternalGroupID, p.ID
	return nil, nil
}

// preferOwn takes a user's own grants before those of groups.
func preferOwn(grants []grantRow, userID string) []grantRow {
	if userID == "" {
		return grants
	}
	own := slices.DeleteFunc(slices.Clone(grants), func(g grantRow) bool { return g.userID != userID })
	if len(own) == 0 {
		return grants
	}
	return own
}
