package local

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

const (
	sessionLife = 10 * time.Minute
	// sessionKept is how long an ended session still tells its result.
	sessionKept = 24 * time.Hour
	// refetch is how long a user token can be fetched again, for a client that
	// lost the answer.
	refetch = 30 * time.Second

	connectPath  = "/connect/"
	signInPath   = "/signin/"
	callbackPath = "/oauth/callback/"
)

type sessionKind string

const (
	kindConnect sessionKind = "connect"
	kindSignIn  sessionKind = "sign_in"
)

func (k sessionKind) path() string {
	if k == kindSignIn {
		return signInPath
	}
	return connectPath
}

// session is one errand of a user's browser.
//
// States: pending, then completed or error, once and for good. A session that
// is pending past its time is expired, which needs no state of its own.
type session struct {
	id       string
	kind     sessionKind
	owner    string // who may poll: "app:ID" or "agent:ID"
	state    string
	request  sessionRequest
	progress sessionProgress
	created  int64
	expires  int64
	ended    sql.NullInt64
	fetched  sql.NullInt64
}

// sessionRequest is what was asked for. It was checked when it was stored.
type sessionRequest struct {
	Base          string              `json:"base"` // public URL of the pages
	AppID         string              `json:"app_id"`
	AgentID       string              `json:"agent_id,omitzero"`  // owns the grants when there is no user
	UserID        string              `json:"user_id,omitzero"`   // owns the grants
	Providers     []string            `json:"providers,omitzero"` // absent = any
	ReturnURL     string              `json:"return_url,omitzero"`
	Direct        bool                `json:"direct,omitzero"`
	SwitchAccount bool                `json:"switch_account,omitzero"`
	HideRules     bool                `json:"hide_rules,omitzero"`
	ExpiresAt     int64               `json:"expires_at,omitzero"` // of the grants, Unix microseconds
	MaxTTL        int64               `json:"max_ttl,omitzero"`    // seconds
	DefaultTTL    int64               `json:"default_ttl,omitzero"`
	Scopes        map[string][]string `json:"scopes,omitzero"`
	Label         string              `json:"label,omitzero"`
	Restrictions  *restrictions       `json:"restrictions,omitzero"`
	RepairGrantID string              `json:"repair_grant_id,omitzero"`

	DelegateID      string   `json:"delegate_id,omitzero"` // agent that gets a delegation
	Delegable       bool     `json:"delegable,omitzero"`
	ScopeConstraint []string `json:"scope_constraint,omitzero"`

	Secret *secretErrand `json:"secret,omitzero"` // the session is about a managed secret
}

// sessionProgress is what came of it so far.
type sessionProgress struct {
	Grants   []wire.ConnectGrant       `json:"grants,omitzero"`
	Declined []wire.DeclinedProvider   `json:"declined,omitzero"`
	Failed   []wire.ConnectFailedGrant `json:"failed,omitzero"`
	Fault    *wire.SessionFault        `json:"fault,omitzero"`
	Subject  string                    `json:"subject,omitzero"`   // sign-in
	SignedIn string                    `json:"signed_in,omitzero"` // hash of the browser in which the user did, where a session asks for that
	UserInfo jsontext.Value            `json:"user_info,omitzero"`
}

// newSecret returns 256 random bits as text for a URL or a cookie.
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (v *Vault) sessionLookup(token string) []byte { return keyedHash(v.indexKey, "session", token) }

// insertSession stores a new session and returns its token.
func (v *Vault) insertSession(ctx context.Context, q *statements, kind sessionKind, owner string, r sessionRequest) (string, *session, error) {
	raw, err := json.Marshal(r)
	if err != nil {
		return "", nil, err
	}
	now := v.now()
	s := &session{id: newID(), kind: kind, owner: owner, state: wire.SessionPending, request: r, created: micros(now), expires: micros(now.Add(sessionLife))}
	// Flows go with their sessions.
	if err := q.exec(ctx, "DELETE FROM sessions WHERE expires_at < ?", micros(now.Add(-sessionKept))); err != nil {
		return "", nil, err
	}
	token := newSecret()
	err = q.exec(ctx, "INSERT INTO sessions (id, lookup, kind, owner, state, request, progress, created_at, expires_at) VALUES (?,?,?,?,?,?,'{}',?,?)",
		s.id, v.sessionLookup(token), string(kind), owner, s.state, string(raw), s.created, s.expires)
	return token, s, err
}

const selectSession = `SELECT id, kind, owner, state, request, progress, created_at, expires_at, ended_at, fetched_at FROM sessions WHERE `

// findSession is nil when no session has the token.
func (v *Vault) findSession(ctx context.Context, q *statements, kind sessionKind, token string) (*session, error) {
	s, err := scanSession(ctx, q, selectSession+"lookup = ?", v.sessionLookup(token))
	if s != nil && s.kind != kind {
		s = nil
	}
	return s, err
}

func sessionByID(ctx context.Context, q *statements, id string) (*session, error) {
	return scanSession(ctx, q, selectSession+"id = ?", id)
}

func scanSession(ctx context.Context, q *statements, query string, key any) (*session, error) {
	var s session
	var request, progress []byte
	err := q.scan(ctx, query, []any{key},
		[]any{&s.id, &s.kind, &s.owner, &s.state, &request, &progress, &s.created, &s.expires, &s.ended, &s.fetched})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err == nil {
		err = errors.Join(json.Unmarshal(request, &s.request), json.Unmarshal(progress, &s.progress))
	}
	return &s, err
}

// status is the state as a client sees it.
func (s *session) status(now time.Time) string {
	if s.state == wire.SessionPending && micros(now) >= s.expires {
		return wire.SessionExpired
	}
	return s.state
}

// open reports whether the browser can still do something.
func (s *session) open(now time.Time) bool { return s.status(now) == wire.SessionPending }

// saveSession stores progress and state. The condition makes the end of a
// session happen once, whoever comes second.
func (v *Vault) saveSession(ctx context.Context, q *statements, s *session) error {
	raw, err := json.Marshal(s.progress)
	if err != nil {
		return err
	}
	var ended any
	if s.state != wire.SessionPending {
		ended = micros(v.now())
	}
	n, err := q.execCount(ctx, "UPDATE sessions SET state = ?, progress = ?, ended_at = ? WHERE id = ? AND state = 'pending'", s.state, string(raw), ended, s.id)
	if err == nil && n == 0 {
		err = errSessionEnded
	}
	if err == nil && ended != nil {
		err = q.exec(ctx, "DELETE FROM oauth_flows WHERE session_id = ?", s.id)
	}
	return err
}

var errSessionEnded = errors.New("local: the session has ended")

// expiresIn is in whole seconds.
func (s *session) expiresIn(now time.Time) int64 {
	return max(0, (s.expires-micros(now))/time.Second.Microseconds())
}

func (s *session) expiresAt() string { return isoTime(s.expires) }

func isoTime(microseconds int64) string {
	return time.UnixMicro(microseconds).UTC().Format(time.RFC3339)
}

func sessionNotFound() *fault {
	return refuse(http.StatusNotFound, "session_not_found", "there is no session with this token, or it belongs to another caller")
}

// settled reports whether every provider that was asked for has an outcome.
func (s *session) settled() bool {
	if s.request.Providers == nil {
		return len(s.progress.Grants) > 0
	}
	for _, id := range s.request.Providers {
		if !s.connected(id) && !s.declined(id) {
			return false
		}
	}
	return true
}

func (s *session) connected(id string) bool {
	return slices.ContainsFunc(s.progress.Grants, func(g wire.ConnectGrant) bool { return g.ProviderID == id })
}

func (s *session) declined(id string) bool {
	return slices.ContainsFunc(s.progress.Declined, func(d wire.DeclinedProvider) bool { return d.ProviderID == id })
}

// finish ends a connect session with what there is: grants and, for the rest,
// why not; or the refusal when there is no grant at all.
func (s *session) finish() {
	if len(s.progress.Grants) == 0 {
		s.fail("connect_denied", "the user did not connect an account")
		return
	}
	s.state = wire.SessionCompleted
	for _, id := range s.request.Providers {
		if !s.connected(id) {
			s.progress.Failed = append(s.progress.Failed, wire.ConnectFailedGrant{
				ProviderID: id, Reason: "not_selected", Message: "the user did not connect this provider",
			})
		}
	}
}

func (s *session) fail(code, message string) {
	s.state, s.progress.Fault = wire.SessionError, &wire.SessionFault{Code: code, Message: message}
}
