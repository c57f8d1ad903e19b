package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-json-experiment/json"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// AppSpec describes a new application.
type AppSpec struct {
	Name string // required, 1 to 255 characters, unique in the vault

	// Scopes limit what the app's first key may do ("tokens:retrieve",
	// "agents:read", "grants:*", …). Nil allows everything.
	Scopes []string
}

// App is an application as the operator sees it. It holds no secret.
type App struct {
	ID, Name  string
	CreatedAt time.Time
}

// AppCredentials is a new app, or a further key of one, with the key. The key
// is shown this once. Printing, logging or marshalling the value hides it; read
// the field.
type AppCredentials struct {
	ID    string // of the app
	KeyID string // for RevokeKey
	Key   string // alter_rk_…
}

// Format implements fmt.Formatter and hides the key.
func (c AppCredentials) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "{ID:%s KeyID:%s Key:%s}", c.ID, c.KeyID, hidden)
}

// LogValue implements slog.LogValuer and hides the key.
func (c AppCredentials) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// MarshalJSON hides the key.
func (c AppCredentials) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"id": c.ID, "key_id": c.KeyID, "key": hidden}, json.Deterministic(true))
}

// CreateApp adds an application with its first key. An app is a boundary: its
// key reaches the agents and grants of the app and no others. The first app of
// a vault takes over the agents and grants that were made before it.
//
// It fails with a *SpecError when a field is not acceptable.
func (v *Vault) CreateApp(ctx context.Context, spec AppSpec) (*AppCredentials, error) {
	return v.createApp(ctx, spec, wire.NewScopedKey(wire.KeyRuntime))
}

func (v *Vault) createApp(ctx context.Context, spec AppSpec, key string) (*AppCredentials, error) {
	if spec.Name == "" || !plainText(spec.Name) {
		return nil, &SpecError{"AppSpec.Name", "must have 1 to 255 characters without surrounding space or controls"}
	}
	scopes, err := specScopes("AppSpec.Scopes", spec.Scopes)
	if err != nil {
		return nil, err
	}
	creds := &AppCredentials{ID: newID()}
	err = v.store.write(ctx, func(ctx context.Context, q *statements) error {
		var others int
		if err := q.scan(ctx, "SELECT count(*) FROM apps", nil, []any{&others}); err != nil {
			return err
		}
		err := q.exec(ctx, "INSERT INTO apps (id, name, created_at) VALUES (?,?,?)", creds.ID, spec.Name, micros(v.now()))
		if isConstraint(err) {
			return &SpecError{"AppSpec.Name", "is taken by another app: choose another name"}
		}
		if err == nil && others == 0 {
			err = errors.Join(q.exec(ctx, "UPDATE agents SET app_id = ? WHERE app_id IS NULL", creds.ID),
				q.exec(ctx, "UPDATE grants SET app_id = ? WHERE app_id IS NULL", creds.ID),
				q.exec(ctx, "UPDATE managed_secrets SET app_id = ? WHERE app_id IS NULL", creds.ID))
		}
		if err == nil {
			err = v.record(ctx, q, Event{Action: "app.created", Target: "app", TargetID: creds.ID, Details: map[string]string{"name": spec.Name}})
		}
		if err != nil {
			return err
		}
		creds.KeyID, err = v.insertKey(ctx, q, newKey{appID: creds.ID, kind: wire.KeyRuntime, name: "default", scopes: scopes}, key)
		return err
	})
	if err != nil {
		return nil, operatorError("creating the app", err)
	}
	creds.Key = key
	return creds, nil
}

func specScopes(field string, scopes []string) ([]string, error) {
	if scopes == nil {
		return []string{"*"}, nil
	}
	for i, s := range scopes {
		if !validScope(s) {
			return nil, &SpecError{fmt.Sprintf("%s[%d]", field, i), `must be of the form "resource:verb" or "resource:verb:instance", with * for any resource or verb, or "*"`}
		}
	}
	return scopes, nil
}

// MintAppKey gives an app a further key, so that keys can be changed without a
// gap. Nil scopes allow everything.
func (v *Vault) MintAppKey(ctx context.Context, appID string, scopes []string) (*AppCredentials, error) {
	scopes, err := specScopes("MintAppKey.scopes", scopes)
	if err != nil {
		return nil, err
	}
	creds := &AppCredentials{ID: appID, Key: wire.NewScopedKey(wire.KeyRuntime)}
	err = v.store.write(ctx, func(ctx context.Context, q *statements) (err error) {
		var n int
		if err = q.scan(ctx, "SELECT (SELECT count(*) FROM api_keys k WHERE k.app_id = a.id) FROM apps a WHERE a.id = ?", []any{appID}, []any{&n}); err != nil {
			return missing("app", err)
		}
		creds.KeyID, err = v.insertKey(ctx, q, newKey{appID: appID, kind: wire.KeyRuntime, name: fmt.Sprintf("key-%d", n+1), scopes: scopes}, creds.Key)
		return err
	})
	if err != nil {
		return nil, operatorError("minting an app key", err)
	}
	return creds, nil
}

// Apps lists all apps, oldest first.
func (v *Vault) Apps(ctx context.Context) ([]App, error) {
	var apps []App
	err := v.store.read(ctx, func(ctx context.Context, q *statements) error {
		return q.each(ctx, "SELECT id, name, created_at FROM apps ORDER BY created_at, rowid", nil, func(rows *sql.Rows) error {
			var a App
			var created sql.NullInt64
			if err := rows.Scan(&a.ID, &a.Name, &created); err != nil {
				return err
			}
			a.CreatedAt = fromMicros(created)
			apps = append(apps, a)
			return nil
		})
	})
	return apps, operatorError("listing apps", err)
}

// appFor resolves the AppID of a spec: an empty one is the vault's only app,
// or no app yet.
func (v *Vault) appFor(ctx context.Context, q *statements, field, appID string) (string, error) {
	var n int
	var only sql.NullString
	if err := q.scan(ctx, "SELECT count(*), min(id) FROM apps WHERE ?1 = '' OR id = ?1", []any{appID}, []any{&n, &only}); err != nil {
		return "", err
	}
	switch {
	case appID != "" && n == 0:
		return "", &SpecError{field, "must be the ID of an app of this vault"}
	case n > 1:
		return "", &SpecError{field, "is required, because the vault has several apps"}
	}
	return only.String, nil
}

func isConstraint(err error) bool {
	se, ok := errors.AsType[*sqlite.Error](err)
	return ok && se.Code()&0xff == sqlite3.SQLITE_CONSTRAINT
}

// each runs fn for every row. The rows are closed when it returns, so that the
// next statement of the transaction finds the connection free.
func (s *statements) each(ctx context.Context, query string, args []any, fn func(*sql.Rows) error) error {
	rows, err := s.query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
