package local

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// Whose a value of a managed secret is, in the protocol's words.
const (
	credentialDeveloper = "developer"
	credentialEndUser   = "end_user"
)

// secretRow is a managed secret that was not removed.
type secretRow struct {
	id, appID, slug, name, template string
	config                          secretConfig
}

const selectSecrets = "SELECT s.id, coalesce(s.app_id, ''), s.slug, s.name, s.template, s.config FROM managed_secrets s WHERE s.removed_at IS NULL" //nolint:gosec // G101: a query, not a credential

// readSecret returns sql.ErrNoRows when there is none.
func readSecret(ctx context.Context, q *statements, condition string, args ...any) (*secretRow, error) {
	var s secretRow
	var config []byte
	err := q.scan(ctx, selectSecrets+condition, args, []any{&s.id, &s.appID, &s.slug, &s.name, &s.template, &config})
	if err == nil {
		err = json.Unmarshal(config, &s.config)
	}
	return &s, err
}

// CreateManagedSecret stores a managed secret and, sealed, the operator's value
// of it. It fails with a *SpecError when a field is not acceptable.
func (v *Vault) CreateManagedSecret(ctx context.Context, spec ManagedSecretSpec) (*ManagedSecret, error) {
	config, err := spec.check()
	if err != nil {
		return nil, err
	}
	var value *stored
	if !spec.Value.isZero() {
		s, err := config.stored("ManagedSecretSpec.Value", &spec.Value)
		if err != nil {
			return nil, err
		}
		value = &s
	}
	text, err := config.json()
	if err != nil {
		return nil, specField("Prefix", "must be UTF-8")
	}
	id := newID()
	err = v.store.write(ctx, func(ctx context.Context, q *statements) error {
		app, err := v.appFor(ctx, q, "ManagedSecretSpec.AppID", spec.AppID)
		if err != nil {
			return err
		}
		err = q.exec(ctx, "INSERT INTO managed_secrets (id, app_id, slug, name, template, config, created_at) VALUES (?,?,?,?,?,?,?)",
			id, nullIfEmpty(app), spec.Slug, cmp.Or(spec.Name, spec.Slug), spec.Template, text, micros(v.now()))
		if isConstraint(err) {
			return specField("Slug", "is taken by another secret of the app: choose another one")
		}
		if err == nil {
			err = v.record(ctx, q, secretEvent("secret.created", id, "slug", spec.Slug))
		}
		if err != nil || value == nil {
			return err
		}
		_, err = v.insertSecretCredential(ctx, q, newSecretCredential{secretID: id, kind: credentialDeveloper, label: cmp.Or(spec.Label, "default"), value: *value})
		return err
	})
	if err != nil {
		return nil, operatorError("creating the managed secret", err)
	}
	return v.managedSecret(ctx, id)
}

type newSecretCredential struct {
	secretID, kind, label, userID string
	value                         stored
}

// insertSecretCredential seals a value as a connection of its own.
func (v *Vault) insertSecretCredential(ctx context.Context, q *statements, n newSecretCredential) (id string, err error) {
	id = newID()
	if err := v.insertConnection(ctx, q, id, n.value, v.now()); err != nil {
		return "", err
	}
	return id, errors.Join(
		q.exec(ctx, "INSERT INTO secret_credentials (connection_id, secret_id, kind, label, user_id, created_at) VALUES (?,?,?,?,?,?)",
			id, n.secretID, n.kind, n.label, nullIfEmpty(n.userID), micros(v.now())),
		v.record(ctx, q, secretEvent("secret.value_added", n.secretID, "credential_id", id, "user_id", n.userID)))
}

func secretEvent(action, id string, details ...string) Event {
	e := Event{Action: action, Target: "secret", TargetID: id, Details: map[string]string{}}
	for i := 0; i+1 < len(details); i += 2 {
		if details[i+1] != "" {
			e.Details[details[i]] = details[i+1]
		}
	}
	return e
}

// AddSecretCredential stores a further value of the operator's beside the others
// and returns its ID, which grants then name.
func (v *Vault) AddSecretCredential(ctx context.Context, secretID, label string, value SecretValue) (credentialID string, err error) {
	if label == "" || !plainText(label) {
		return "", &SpecError{"AddSecretCredential.label", "must have 1 to 255 characters without surrounding space or controls"}
	}
	err = v.store.write(ctx, func(ctx context.Context, q *statements) error {
		s, err := readSecret(ctx, q, " AND s.id = ?", secretID)
		if err != nil {
			return missing("managed secret", err)
		}
		stored, err := s.config.stored("AddSecretCredential.value", &value)
		if err != nil {
			return err
		}
		taken := 0
		if err := q.scan(ctx, "SELECT count(*) FROM secret_credentials WHERE secret_id = ? AND kind = ? AND label = ? AND removed_at IS NULL",
			[]any{secretID, credentialDeveloper, label}, []any{&taken}); err != nil {
			return err
		}
		if taken > 0 {
			return &SpecError{"AddSecretCredential.label", "is taken by another value of the secret: choose another one, or rotate that value"}
		}
		credentialID, err = v.insertSecretCredential(ctx, q, newSecretCredential{secretID: secretID, kind: credentialDeveloper, label: label, value: stored})
		return err
	})
	if err != nil {
		return "", operatorError("adding a value to the managed secret", err)
	}
	return credentialID, nil
}

// RotateSecret replaces a value of a managed secret in place: grants keep their
// IDs and use the new one from the next call on. An empty credentialID means the
// operator's only one.
func (v *Vault) RotateSecret(ctx context.Context, secretID, credentialID string, value SecretValue) error {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		s, err := readSecret(ctx, q, " AND s.id = ?", secretID)
		if err != nil {
			return missing("managed secret", err)
		}
		list, err := v.secretCredentials(ctx, q, secretID)
		if err != nil {
			return err
		}
		var match []SecretCredential
		for _, c := range list {
			if c.ID == credentialID || credentialID == "" && c.UserID == "" {
				match = append(match, c)
			}
		}
		switch {
		case len(match) == 0:
			return missing("value of the secret", sql.ErrNoRows)
		case len(match) > 1:
			return &SpecError{"RotateSecret.credentialID", "is required, because the secret has several values"}
		}
		stored, err := s.config.stored("RotateSecret.value", &value)
		if err != nil {
			return err
		}
		return v.rotateCredential(ctx, q, secretID, match[0].ID, stored)
	})
	return operatorError("rotating the managed secret", err)
}

func (v *Vault) rotateCredential(ctx context.Context, q *statements, secretID, connectionID string, value stored) error {
	return errors.Join(
		v.replaceCredential(ctx, q, connectionID, value),
		q.exec(ctx, "UPDATE secret_credentials SET rotated_at = ? WHERE connection_id = ?", micros(v.now()), connectionID),
		v.record(ctx, q, secretEvent("secret.value_rotated", secretID, "credential_id", connectionID)),
	)
}

// RemoveManagedSecret revokes every grant of a managed secret and erases its
// values, those of users too. Removing twice is no error; the slug becomes free.
func (v *Vault) RemoveManagedSecret(ctx context.Context, secretID string) error {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		now := micros(v.now())
		n, err := q.execCount(ctx, "UPDATE managed_secrets SET removed_at = ? WHERE id = ? AND removed_at IS NULL", now, secretID)
		if err == nil && n == 0 {
			err = q.scan(ctx, "SELECT 1 FROM managed_secrets WHERE id = ?", []any{secretID}, []any{&n})
			return missing("managed secret", err)
		}
		return errors.Join(err, v.record(ctx, q, secretEvent("secret.removed", secretID)),
			q.exec(ctx, "UPDATE grants SET revoked_at = coalesce(revoked_at, ?) WHERE secret_id = ?", now, secretID),
			q.exec(ctx, "UPDATE connections SET data_key = NULL, credential = NULL WHERE id IN (SELECT connection_id FROM secret_credentials WHERE secret_id = ?)", secretID),
			q.exec(ctx, "UPDATE secret_credentials SET removed_at = coalesce(removed_at, ?) WHERE secret_id = ?", now, secretID))
	})
	return operatorError("removing the managed secret", err)
}

// ManagedSecrets lists the managed secrets, oldest first.
func (v *Vault) ManagedSecrets(ctx context.Context) ([]ManagedSecret, error) {
	list, err := v.listSecrets(ctx, "")
	if err != nil {
		return nil, operatorError("listing managed secrets", err)
	}
	return list, nil
}

func (v *Vault) managedSecret(ctx context.Context, id string) (*ManagedSecret, error) {
	list, err := v.listSecrets(ctx, id)
	if err == nil && len(list) == 0 {
		err = missing("managed secret", sql.ErrNoRows)
	}
	if err != nil {
		return nil, operatorError("reading the managed secret", err)
	}
	return &list[0], nil
}

func (v *Vault) listSecrets(ctx context.Context, id string) (list []ManagedSecret, err error) {
	err = v.store.read(ctx, func(ctx context.Context, q *statements) error {
		err := q.each(ctx, `SELECT s.id, coalesce(s.app_id, ''), s.slug, s.name, s.template, s.config, s.created_at,
  (SELECT count(*) FROM grants g WHERE g.secret_id = s.id AND g.revoked_at IS NULL)
FROM managed_secrets s WHERE s.removed_at IS NULL AND (?1 = '' OR s.id = ?1) ORDER BY s.created_at, s.rowid`, []any{id}, func(rows *sql.Rows) error {
			var m ManagedSecret
			var config []byte
			var created sql.NullInt64
			if err := rows.Scan(&m.ID, &m.AppID, &m.Slug, &m.Name, &m.Template, &config, &created, &m.Grants); err != nil {
				return err
			}
			var c secretConfig
			err := json.Unmarshal(config, &c)
			m.Kind, m.Hosts, m.UserKeys, m.ProxyOnly, m.CreatedAt = c.Kind, c.Hosts, c.UserKeys, c.ProxyOnly, fromMicros(created)
			list = append(list, m)
			return err
		})
		for i := range list {
			if err == nil {
				list[i].Credentials, err = v.secretCredentials(ctx, q, list[i].ID)
			}
		}
		return err
	})
	return list, err
}

// secretCredentials are the values of a secret that were not erased.
func (v *Vault) secretCredentials(ctx context.Context, q *statements, secretID string) (list []SecretCredential, err error) {
	err = q.each(ctx, `SELECT k.connection_id, k.label, coalesce(k.user_id, ''), k.created_at, k.rotated_at
FROM secret_credentials k JOIN connections c ON c.id = k.connection_id
WHERE k.secret_id = ? AND k.removed_at IS NULL AND c.credential IS NOT NULL ORDER BY k.created_at, k.rowid`, []any{secretID}, func(rows *sql.Rows) error {
		var c SecretCredential
		var created, rotated sql.NullInt64
		err := rows.Scan(&c.ID, &c.Label, &c.UserID, &created, &rotated)
		c.CreatedAt, c.RotatedAt = fromMicros(created), fromMicros(rotated)
		list = append(list, c)
		return err
	})
	return list, err
}

// ManagedGrantSpec describes a grant of a managed secret. The principal is the
// agent AgentID, the user UserID, the users in GroupID, or, with none of them, the
// app itself.
type ManagedGrantSpec struct {
	SecretID     string
	CredentialID string // may be empty while the operator has one value of it
	AgentID      string
	UserID       string // as CreateUser returns it
	GroupID      string // of the sign-in provider, which needs its GroupsField
	Label        string // optional
	ExpiresAt    time.Time
	ProxyOnly    bool // also when the secret is not
	Delegable    bool // agents that it is delegated to may hand it on
}

// GrantManagedSecret makes a grant that stands on a managed secret.
func (v *Vault) GrantManagedSecret(ctx context.Context, spec ManagedGrantSpec) (*Grant, error) {
	switch {
	case spec.AgentID != "" && spec.UserID != "":
		return nil, &SpecError{"ManagedGrantSpec.UserID", "must be empty when AgentID is set: a grant has one principal"}
	case spec.GroupID != "" && spec.AgentID+spec.UserID != "":
		return nil, &SpecError{"ManagedGrantSpec.GroupID", "must be empty when AgentID or UserID is set: a grant has one principal"}
	case !plainText(spec.GroupID):
		return nil, &SpecError{"ManagedGrantSpec.GroupID", "must have at most 255 characters without surrounding space or controls"}
	case !plainText(spec.Label):
		return nil, &SpecError{"ManagedGrantSpec.Label", "must have at most 255 characters without surrounding space or controls"}
	case !spec.ExpiresAt.IsZero() && !spec.ExpiresAt.After(v.now()):
		return nil, &SpecError{"ManagedGrantSpec.ExpiresAt", "is in the past: leave it zero for a grant that does not expire"}
	}
	var g *Grant
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		s, err := readSecret(ctx, q, " AND s.id = ?", spec.SecretID)
		if err != nil {
			return missing("managed secret", err)
		}
		app, err := v.principalApp(ctx, q, &GrantSpec{AppID: s.appID, AgentID: spec.AgentID, UserID: spec.UserID})
		if err != nil {
			return err
		}
		list, err := v.assignable(ctx, q, s.id, spec.CredentialID)
		switch {
		case err != nil:
			return err
		case len(list) == 0:
			return missing("value of the secret by its operator", sql.ErrNoRows)
		case len(list) > 1:
			return &SpecError{"ManagedGrantSpec.CredentialID", "is required, because the secret has several values"}
		}
		idp := ""
		if spec.GroupID != "" {
			p, ok, err := groupProvider(ctx, q, "")
			if err != nil {
				return err
			}
			if !ok {
				return &SpecError{"ManagedGrantSpec.GroupID", "needs a sign-in provider with ProviderSpec.GroupsField"}
			}
			idp = p.ID
		}
		g, err = v.insertGrant(ctx, q, s.grant(list[0].ID, Grant{
			AppID: app, AgentID: spec.AgentID, UserID: spec.UserID, GroupID: spec.GroupID, GroupProvider: idp, Label: spec.Label, ExpiresAt: spec.ExpiresAt, ProxyOnly: spec.ProxyOnly, Delegable: spec.Delegable,
		}))
		return err
	})
	if err != nil {
		return nil, operatorError("granting the managed secret", err)
	}
	return g, nil
}

// assignable are the operator's values of a secret, or the one that is named.
func (v *Vault) assignable(ctx context.Context, q *statements, secretID, credentialID string) (list []SecretCredential, err error) {
	all, err := v.secretCredentials(ctx, q, secretID)
	for _, c := range all {
		if c.UserID == "" && (credentialID == "" || c.ID == credentialID) {
			list = append(list, c)
		}
	}
	return list, err
}

// grant completes a grant of the secret.
func (s *secretRow) grant(connectionID string, g Grant) newGrant {
	g.Provider, g.Hosts, g.ProxyOnly = s.slug, s.config.Hosts, g.ProxyOnly || s.config.ProxyOnly
	return newGrant{Grant: g, connectionID: connectionID, secretID: s.id}
}

// describeSecret fills in what a list says of a managed secret's grant.
func describeSecret(ctx context.Context, q *statements, g *grantRow, item *wire.GrantItem) error {
	item.ManagedSecretID, item.ManagedSecretSlug, item.AgentID = g.secretID, g.provider, g.agentID
	return q.scan(ctx, `SELECT s.name, k.kind, k.label FROM managed_secrets s, secret_credentials k WHERE s.id = ? AND k.connection_id = ?`,
		[]any{g.secretID, g.connectionID}, []any{&item.ManagedSecretName, &item.CredentialKind, &item.CredentialLabel})
}

// delegatedVia is how lists call the path of a delegation.
func (g *grantRow) delegatedVia() string {
	if g.secretID != "" {
		return "ms_delegation"
	}
	return "oauth_delegation"
}
