package local

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Mode is how a call reaches its provider.
type Mode string

// The modes.
const (
	ModeRetrieve Mode = "retrieve" // the client gets the credential and calls
	ModeProxy    Mode = "proxy"    // the vault calls
)

// Decision is what the vault decided about a call.
type Decision string

// The decisions. An unmatched row is a client's report of a call that the vault
// has no intent for.
const (
	DecisionAllowed   Decision = "allowed"
	DecisionDenied    Decision = "denied"
	DecisionPending   Decision = "pending" // a person decides
	DecisionUnmatched Decision = "unmatched"
)

// Outcome is what became of a call.
type Outcome string

// The outcomes.
const (
	OutcomeIntent    Outcome = "intent"    // allowed; nobody has reported how it ended
	OutcomeCompleted Outcome = "completed" // the provider answered, with any status
	OutcomeFailed    Outcome = "failed"    // no answer from the provider
	OutcomeDenied    Outcome = "denied"    // refused; no credential left the vault
	OutcomePending   Outcome = "pending"   // waits for a person
)

// AuditEntry is one row of the trail: one attempt of one call.
//
// What the vault decided by itself: agent, grant, provider, operation, mode,
// decision, times. What the client claims, stored but never acted upon: Caller,
// the trace fields, ClaimedOperation, CallID, Attempt, Reason, and in retrieve
// mode Status and ProviderTime.
type AuditEntry struct {
	ID          string    `json:"id"` // also the X-Request-ID of the answer
	Time        time.Time `json:"time"`
	CompletedAt time.Time `json:"completed_at,omitzero"`

	AppID     string `json:"app_id,omitempty"`
	AgentID   string `json:"agent_id"` // impersonation included; empty when the key is unknown or of an app alone
	AgentName string `json:"agent_name"`
	Caller    string `json:"caller,omitempty"`
	GrantID   string `json:"grant_id"` // as requested; empty when it is no UUID
	Provider  string `json:"provider"` // of the grant; empty when the agent has no path to it

	UserID string `json:"user_id,omitempty"` // whose grant it is

	RunID       string            `json:"run_id"`
	ThreadID    string            `json:"thread_id"`
	ParentAgent string            `json:"parent_agent,omitempty"`
	Tool        string            `json:"tool"`
	Metadata    map[string]string `json:"metadata,omitempty"` // the context's other keys
	Reason      string            `json:"reason"`             // the caller's own words
	Traceparent string            `json:"traceparent"`
	TraceID     string            `json:"trace_id,omitempty"`
	SpanID      string            `json:"span_id,omitempty"`

	Operation        string `json:"operation"`     // by method and URL; empty = unknown
	PathTemplate     string `json:"path_template"` // of that operation
	ClaimedOperation string `json:"claimed_operation,omitempty"`
	ClaimedProvider  string `json:"claimed_provider,omitempty"`
	CallID           string `json:"call_id,omitempty"`
	Attempt          int    `json:"attempt,omitempty"` // from 1; 0 = not told

	Method string `json:"method"`
	Host   string `json:"-"` // origin: scheme, host, port
	Path   string `json:"-"` // never a query; the URL in JSON

	Mode     Mode     `json:"mode"`
	Decision Decision `json:"decision"`
	// The rule that decided, "" when none had to say anything: its ID (none when
	// the client sent it along), where it is kept, and what it said. A rule of a
	// grant's or an agent's policy (grant_policy, agent_policy) has that ID.
	RuleID      string  `json:"rule_id,omitempty"`
	RuleLayer   string  `json:"rule_layer,omitempty"`
	RuleOutcome string  `json:"rule_outcome,omitempty"`
	ReasonCode  string  `json:"reason_code"` // why it was denied or failed
	Outcome     Outcome `json:"outcome"`
	Status      int     `json:"-"` // the provider's; 0 = none; null in JSON until reported

	VaultTime    time.Duration `json:"vault_time_ns"`    // inside the vault, provider time excluded
	ProviderTime time.Duration `json:"provider_time_ns"` // as measured by who made the call
}

// URL returns origin and path.
func (e AuditEntry) URL() string { return e.Host + e.Path }

// AuditFilter picks rows. Zero fields do not restrict.
type AuditFilter struct {
	RunID, AgentID, GrantID string
	Since                   time.Time
	Limit                   int // newest rows kept; 0 = all
}

const auditColumns = `id, created_at, completed_at, agent_id, agent_name, caller, grant_id, provider,
run_id, thread_id, parent_agent, tool, metadata, reason, operation, path_template, claimed, claimed_provider,
call_id, attempt, method, host, path, mode, decision, code, outcome, status, vault_time, provider_time, traceparent, app_id, user_id, rule_id, rule_layer, rule_outcome`

// Audit returns the rows that fit the filter, oldest first.
func (v *Vault) Audit(ctx context.Context, filter AuditFilter) ([]AuditEntry, error) {
	var entries []AuditEntry
	for e, err := range v.AuditRows(ctx, filter) {
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func scanAudit(rows *sql.Rows, seq *int64) (AuditEntry, error) {
	var e AuditEntry
	var created, completed sql.NullInt64
	var metadata []byte
	err := rows.Scan(&e.ID, &created, &completed, &e.AgentID, &e.AgentName, &e.Caller, &e.GrantID, &e.Provider,
		&e.RunID, &e.ThreadID, &e.ParentAgent, &e.Tool, &metadata, &e.Reason, &e.Operation, &e.PathTemplate, &e.ClaimedOperation, &e.ClaimedProvider,
		&e.CallID, &e.Attempt, &e.Method, &e.Host, &e.Path, &e.Mode, &e.Decision, &e.ReasonCode, &e.Outcome, &e.Status,
		&e.VaultTime, &e.ProviderTime, &e.Traceparent, &e.AppID, &e.UserID, &e.RuleID, &e.RuleLayer, &e.RuleOutcome, seq)
	if err != nil {
		return e, err
	}
	e.Time, e.CompletedAt = fromMicros(created), fromMicros(completed)
	if parts := strings.Split(e.Traceparent, "-"); len(parts) == 4 {
		e.TraceID, e.SpanID = strings.ToLower(parts[1]), strings.ToLower(parts[2])
	}
	if len(metadata) > 0 {
		err = json.Unmarshal(metadata, &e.Metadata)
	}
	return e, err
}

const insertAudit = `INSERT INTO audit (` + auditColumns + `, owner, report)
VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`

// insert writes the row. owner is whose key may report on it.
func (e *AuditEntry) insert(ctx context.Context, q *statements, owner string, report []byte) error {
	metadata := ""
	if len(e.Metadata) > 0 {
		raw, err := json.Marshal(e.Metadata, json.Deterministic(true))
		if err != nil {
			return err
		}
		metadata = string(raw)
	}
	return q.exec(ctx, insertAudit, e.ID, micros(e.Time), optionalMicros(e.CompletedAt), e.AgentID, oneLine(e.AgentName), e.Caller, e.GrantID, oneLine(e.Provider),
		e.RunID, e.ThreadID, e.ParentAgent, e.Tool, metadata, e.Reason, e.Operation, e.PathTemplate, e.ClaimedOperation, e.ClaimedProvider,
		e.CallID, e.Attempt, e.Method, e.Host, e.Path, string(e.Mode), string(e.Decision), e.ReasonCode, string(e.Outcome), e.Status,
		int64(e.VaultTime), int64(e.ProviderTime), e.Traceparent, e.AppID, e.UserID, e.RuleID, e.RuleLayer, e.RuleOutcome, owner, report)
}

// The lengths that free text of a client is cut to, in bytes.
const (
	maxAuditText = 1024
	maxAuditPath = 2048
)

// oneLine takes out control characters, which a terminal acts upon. Unicode's
// own line ends stay: text is kept as it was written, and who prints rows one a
// line escapes them.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || 0x7f <= r && r < 0xa0 && r != '\u0085' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// bounded cuts a text and makes it one line.
func bounded(s string, limit int) string {
	s = oneLine(s)
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "")
	}
	return s
}

// sortedKeys keeps texts made from maps stable.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func mergeSorted(a, b []string) []string {
	out := append(append([]string{}, a...), b...)
	slices.Sort(out)
	return slices.Compact(out)
}
