package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// ErrNotFound is wrapped by operator methods that were given an unknown ID.
var ErrNotFound = errors.New("not found")

// SpecError says which field of a spec was refused and what it should hold. It
// never holds the value.
type SpecError struct {
	Field  string // "GrantSpec.Hosts[1]"
	Reason string
}

func (e *SpecError) Error() string { return "local: " + e.Field + ": " + e.Reason }

// AgentStatus is the state of an agent.
type AgentStatus string

// The states.
const (
	AgentActive   AgentStatus = "active"
	AgentInactive AgentStatus = "inactive" // suspended; PauseAgent and ResumeAgent
	AgentRevoked  AgentStatus = "revoked"
)

// AgentSpec describes a new agent.
type AgentSpec struct {
	Name        string            // required, 1 to 255 characters, unique among agents that are not revoked
	DisplayName string            // optional, up to 255 characters
	Type        string            // "agent" (default) or "service"
	Metadata    map[string]string // optional; the agent itself sees it in me
}

// Agent is an agent as the operator sees it. It holds no secret.
type Agent struct {
	ID, Name, DisplayName, Type string
	Status                      AgentStatus
	Version                     int64
	Metadata                    map[string]string
	CreatedAt, LastUsedAt       time.Time // LastUsedAt is exact to a minute; zero = never
}

// AgentCredentials is a new agent with its key. The key is shown this once: the
// vault keeps only what checks it. Printing, logging or marshalling the value
// hides the key; read the field.
type AgentCredentials struct {
	ID    string // of the agent
	KeyID string // for RevokeKey
	Key   string // alter_key_…
}

// Format implements fmt.Formatter and hides the key.
func (c AgentCredentials) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "{ID:%s KeyID:%s Key:%s}", c.ID, c.KeyID, hidden)
}

// LogValue implements slog.LogValuer and hides the key.
func (c AgentCredentials) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// MarshalJSON hides the key.
func (c AgentCredentials) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"id": c.ID, "key_id": c.KeyID, "key": hidden}, json.Deterministic(true))
}

const hidden = "[hidden]"

// CreateAgent adds an agent with its first key. It fails with a *SpecError when
// a field is not acceptable.
func (v *Vault) CreateAgent(ctx context.Context, spec AgentSpec) (*AgentCredentials, error) {
	return v.createAgent(ctx, spec, wire.NewManagedKey())
}

func (v *Vault) createAgent(ctx context.Context, spec AgentSpec, key string) (*AgentCredentials, error) {
	if err := spec.check(); err != nil {
		return nil, err
	}
	metadata, err := json.Marshal(spec.Metadata, json.Deterministic(true))
	if err != nil {
		return nil, &SpecError{"AgentSpec.Metadata", "must hold valid UTF-8"}
	}
	id, now := newID(), micros(v.now())
	creds := &AgentCredentials{ID: id}
	err = v.store.write(ctx, func(ctx context.Context, q *statements) error {
		err := q.exec(ctx, "INSERT INTO agents (id, name, display_name, type, status, version, metadata, created_at) VALUES (?,?,?,?,?,1,?,?)",
			id, spec.Name, nullIfEmpty(spec.DisplayName), spec.Type, string(AgentActive), string(metadata), now)
		if se, ok := errors.AsType[*sqlite.Error](err); ok && se.Code()&0xff == sqlite3.SQLITE_CONSTRAINT {
			return &SpecError{"AgentSpec.Name", "is taken by another agent: choose another name, or revoke that one"}
		}
		if err != nil {
			return err
		}
		creds.KeyID, err = v.insertKey(ctx, q, id, key)
		return err
	})
	if err != nil {
		return nil, operatorError("creating the agent", err)
	}
	creds.Key = key
	return creds, nil
}

func (s *AgentSpec) check() error {
	if s.Type == "" {
		s.Type = wire.CallerAgent
	}
	switch {
	case strings.TrimSpace(s.Name) == "" || utf8.RuneCountInString(s.Name) > 255:
		return &SpecError{"AgentSpec.Name", "must have 1 to 255 characters"}
	case utf8.RuneCountInString(s.DisplayName) > 255:
		return &SpecError{"AgentSpec.DisplayName", "must have at most 255 characters"}
	case s.Type != wire.CallerAgent && s.Type != wire.CallerService:
		return &SpecError{"AgentSpec.Type", `must be "agent" or "service"`}
	}
	if s.Metadata == nil {
		s.Metadata = map[string]string{}
	}
	return nil
}

// insertKey stores what checks a key, and not the key: see the package comment.
func (v *Vault) insertKey(ctx context.Context, q *statements, agentID, key string) (string, error) {
	id := newID()
	signing := wire.SigningKey(key)
	defer clear(signing)
	s, err := v.seal.seal(kindKey, id, fieldSigningKey, signing)
	if err != nil {
		return "", err
	}
	return id, q.exec(ctx, "INSERT INTO agent_keys (id, agent_id, lookup, data_key, signing_key, created_at) VALUES (?,?,?,?,?,?)",
		id, agentID, keyedHash(v.indexKey, "api-key", key), s.dataKey, s.text, micros(v.now()))
}

// MintKey gives an agent a further key, so that keys can be changed without a
// gap. It fails for an agent that is unknown or revoked.
func (v *Vault) MintKey(ctx context.Context, agentID string) (*AgentCredentials, error) {
	creds := &AgentCredentials{ID: agentID, Key: wire.NewManagedKey()}
	err := v.store.write(ctx, func(ctx context.Context, q *statements) (err error) {
		var status string
		if err = q.scan(ctx, "SELECT status FROM agents WHERE id = ?", []any{agentID}, []any{&status}); err != nil {
			return missing("agent", err)
		}
		if status == string(AgentRevoked) {
			return errors.New("the agent is revoked: create a new one")
		}
		creds.KeyID, err = v.insertKey(ctx, q, agentID, creds.Key)
		return err
	})
	if err != nil {
		return nil, operatorError("minting a key", err)
	}
	return creds, nil
}

// RevokeKey ends a key at once. Revoking twice is no error.
func (v *Vault) RevokeKey(ctx context.Context, keyID string) error {
	return v.change(ctx, "revoking the key", "key",
		"UPDATE agent_keys SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?", micros(v.now()), keyID)
}

// PauseAgent suspends an agent: its keys get 401 agent_inactive everywhere but
// on me and on audit reports, which may still arrive for calls under way.
func (v *Vault) PauseAgent(ctx context.Context, agentID string) error {
	return v.setStatus(ctx, "pausing the agent", agentID, AgentInactive)
}

// ResumeAgent ends a suspension.
func (v *Vault) ResumeAgent(ctx context.Context, agentID string) error {
	return v.setStatus(ctx, "resuming the agent", agentID, AgentActive)
}

func (v *Vault) setStatus(ctx context.Context, what, agentID string, status AgentStatus) error {
	return v.change(ctx, what, "agent (that is not revoked)",
		"UPDATE agents SET version = version + (status <> ?1), status = ?1 WHERE id = ?2 AND status <> 'revoked'", string(status), agentID)
}

// RevokeAgent ends an agent and its keys for good. Its grants and its rows stay
// for the record; no key reaches the grants any more.
func (v *Vault) RevokeAgent(ctx context.Context, agentID string) error {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		n, err := q.execCount(ctx, "UPDATE agents SET version = version + (status <> 'revoked'), status = 'revoked' WHERE id = ?", agentID)
		switch {
		case err != nil:
			return err
		case n == 0:
			return missing("agent", sql.ErrNoRows)
		}
		return q.exec(ctx, "UPDATE agent_keys SET revoked_at = coalesce(revoked_at, ?) WHERE agent_id = ?", micros(v.now()), agentID)
	})
	return operatorError("revoking the agent", err)
}

// Agents lists all agents, oldest first.
func (v *Vault) Agents(ctx context.Context) ([]Agent, error) {
	var agents []Agent
	err := v.store.read(ctx, func(ctx context.Context, q *statements) error {
		rows, err := q.query(ctx, "SELECT id, name, display_name, type, status, version, metadata, created_at, last_used_at FROM agents ORDER BY created_at, rowid")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var a Agent
			var display sql.NullString
			var created, used sql.NullInt64
			var metadata []byte
			if err := rows.Scan(&a.ID, &a.Name, &display, &a.Type, &a.Status, &a.Version, &metadata, &created, &used); err != nil {
				return err
			}
			if err := json.Unmarshal(metadata, &a.Metadata); err != nil {
				return err
			}
			a.DisplayName, a.CreatedAt, a.LastUsedAt = display.String, fromMicros(created), fromMicros(used)
			agents = append(agents, a)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, operatorError("listing agents", err)
	}
	return agents, nil
}

// change runs one UPDATE that must meet a row.
func (v *Vault) change(ctx context.Context, what, kind, query string, args ...any) error {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		n, err := q.execCount(ctx, query, args...)
		if err == nil && n == 0 {
			err = missing(kind, sql.ErrNoRows)
		}
		return err
	})
	return operatorError(what, err)
}

func missing(kind string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("no such %s: %w", kind, ErrNotFound)
	}
	return err
}

func operatorError(what string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*SpecError](err); ok {
		return err
	}
	return fmt.Errorf("local: %s: %w", what, err)
}

func nullIfEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}
