package local

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// UserSpec describes an end user of an app.
type UserSpec struct {
	AppID       string // may be empty while the vault has one app
	Subject     string // required: the user's ID at the app's identity provider
	Email       string
	DisplayName string
}

// User is an end user of an app: the owner of grants. Users come into being
// when they sign in, or by CreateUser.
type User struct {
	ID, AppID, Subject, Email, DisplayName string
	CreatedAt                              time.Time
}

// CreateUser adds a user, or returns the one that has this subject already.
func (v *Vault) CreateUser(ctx context.Context, spec UserSpec) (*User, error) {
	switch {
	case spec.Subject == "" || !plainText(spec.Subject):
		return nil, &SpecError{"UserSpec.Subject", "must have 1 to 255 characters without surrounding space or controls"}
	case !plainText(spec.Email):
		return nil, &SpecError{"UserSpec.Email", "must have at most 255 characters without surrounding space or controls"}
	case !plainText(spec.DisplayName):
		return nil, &SpecError{"UserSpec.DisplayName", "must have at most 255 characters without surrounding space or controls"}
	}
	u := User{AppID: spec.AppID, Subject: spec.Subject, Email: spec.Email, DisplayName: spec.DisplayName}
	err := v.store.write(ctx, func(ctx context.Context, q *statements) (err error) {
		if u.AppID, err = v.appFor(ctx, q, "UserSpec.AppID", spec.AppID); err != nil {
			return err
		}
		if u.AppID == "" {
			return &SpecError{"UserSpec.AppID", "needs an app: call CreateApp first"}
		}
		if u.ID, err = v.ensureUser(ctx, q, u); err != nil {
			return err
		}
		return q.each(ctx, selectUsers+" WHERE id = ?", []any{u.ID}, func(rows *sql.Rows) error { return scanUser(rows, &u) })
	})
	if err != nil {
		return nil, operatorError("creating the user", err)
	}
	return &u, nil
}

// ensureUser finds the user of an app by subject, or makes it. Profile facts
// that are given replace the stored ones.
func (v *Vault) ensureUser(ctx context.Context, q *statements, u User) (id string, err error) {
	fresh := newID()
	err = q.scan(ctx, `INSERT INTO app_users (id, app_id, subject, email, display_name, created_at) VALUES (?1,?2,?3,?4,?5,?6)
ON CONFLICT (app_id, subject) DO UPDATE SET email = coalesce(nullif(?4, ''), email), display_name = coalesce(nullif(?5, ''), display_name)
RETURNING id`, []any{fresh, u.AppID, u.Subject, u.Email, u.DisplayName, micros(v.now())}, []any{&id})
	if err == nil && id == fresh {
		err = v.record(ctx, q, Event{Action: "user.created", Target: "user", TargetID: id, Details: map[string]string{"app_id": u.AppID}})
	}
	return id, err
}

// userByToken verifies a user token of an app and returns the user's ID.
func (v *Vault) userByToken(ctx context.Context, q *statements, appID, token string) (userID string, f *fault, err error) {
	subject, f := v.tokenSubject(appID, token)
	if f != nil {
		return "", f, nil
	}
	err = q.scan(ctx, "SELECT id FROM app_users WHERE app_id = ? AND subject = ?", []any{appID, subject}, []any{&userID})
	if errors.Is(err, sql.ErrNoRows) {
		userID, err = v.ensureUser(ctx, q, User{AppID: appID, Subject: subject})
	}
	return userID, nil, err
}

const selectUsers = "SELECT id, app_id, subject, email, display_name, created_at FROM app_users"

func scanUser(rows *sql.Rows, u *User) error {
	var created sql.NullInt64
	err := rows.Scan(&u.ID, &u.AppID, &u.Subject, &u.Email, &u.DisplayName, &created)
	u.CreatedAt = fromMicros(created)
	return err
}

// Users lists all users, oldest first.
func (v *Vault) Users(ctx context.Context) ([]User, error) {
	var users []User
	err := v.store.read(ctx, func(ctx context.Context, q *statements) error {
		return q.each(ctx, selectUsers+" ORDER BY created_at, rowid", nil, func(rows *sql.Rows) error {
			var u User
			err := scanUser(rows, &u)
			users = append(users, u)
			return err
		})
	})
	return users, operatorError("listing users", err)
}
