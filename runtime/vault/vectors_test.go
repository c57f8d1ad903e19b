package vault

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type errorVector struct {
	Surface     string
	Status      int
	Headers     map[string]string
	Body        json.RawMessage
	Class       *string
	MessageFrom string `json:"message_from"`
	Attributes  map[string]any
}

// TestErrorVectors feeds the 134 recorded answers to the mapping and compares
// class, attributes and where the text came from.
func TestErrorVectors(t *testing.T) {
	raw, err := os.ReadFile("internal/wire/testdata/wire-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct{ Errors []errorVector }
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	attributes := 0
	for i, c := range v.Errors {
		if c.Class == nil {
			continue // below 400: not an error on the main surface
		}
		e := vectorError(c)
		if got, want := e.kind.name+"Error", *c.Class; got != want {
			t.Errorf("row %d: %s %d %s: %s, want %s", i, c.Surface, c.Status, c.Body, got, want)
		}
		if e.Status != c.Status {
			t.Errorf("row %d: status %d", i, e.Status)
		}
		if fromWire := e.Message == "wire message"; fromWire != (c.MessageFrom == "wire") {
			t.Errorf("row %d: message %q, should come from the %s", i, e.Message, c.MessageFrom)
		}
		have := attributesOf(e)
		for name, want := range c.Attributes {
			got, known := have[name]
			if !known {
				continue
			}
			attributes++
			if diff := cmp.Diff(normal(want), normal(got)); diff != "" {
				t.Errorf("row %d: %s: %s", i, name, diff)
			}
		}
	}
	if len(v.Errors) != 134 {
		t.Errorf("%d rows, want 134", len(v.Errors))
	}
	t.Logf("errors: %d rows, %d attributes compared", len(v.Errors), attributes)
}

func vectorError(c errorVector) *Error {
	body := []byte(c.Body)
	if string(body) == `"<not JSON>"` {
		body = []byte("<html>")
	}
	h := http.Header{}
	for name, value := range c.Headers {
		h.Set(name, value)
	}
	s := surfaceMain
	if c.Surface == "agents" {
		s = surfaceAgents
	}
	return answerError(s, "", newAnswer(c.Status, h, body))
}

func newAnswer(status int, h http.Header, body []byte) answer {
	return answer{status: status, header: h, body: body, requestID: h.Get("X-Request-ID")}
}

// attributesOf spells an error's facts as the vectors do; 0, "" and empty lists
// stand for null.
func attributesOf(e *Error) map[string]any {
	d := e.Details
	seconds := func(t time.Duration) int64 { return int64(t / time.Second) }
	candidates, credentials := []any{}, []any{}
	for _, c := range d.Candidates {
		candidates = append(candidates, map[string]any{
			"grant_id": c.GrantID, "label": c.Label, "account_identifier": c.AccountIdentifier,
			"account_display_name": c.AccountDisplayName,
		})
	}
	for _, c := range d.Credentials {
		credentials = append(credentials, map[string]any{"credential_id": c.CredentialID, "label": c.Label})
	}
	return map[string]any{
		"status_code": e.Status, "hint": d.Hint, "grant_id": d.GrantID, "provider_id": d.ProviderID,
		"agent_id": d.AgentID, "app_user_id": d.AppUserID, "policy_error": d.PolicyError,
		"max_session_age_seconds": seconds(d.MaxSessionAge), "detail_reason": d.Reason, "label": d.Label,
		"required": d.Required, "granted": d.Granted, "missing": d.Missing, "scope_version": d.ScopeVersion,
		"current_scope_version": d.CurrentScopeVersion, "scope_version_mismatch": d.ScopeVersionMismatch,
		"required_any_of": d.RequiredAnyOf, "documentation_url": d.DocumentationURL,
		"account_identifiers": d.AccountIdentifiers, "account_was_provided": d.AccountWasProvided,
		"app_user_ids": d.AppUserIDs, "grant_ids": d.GrantIDs, "candidates": candidates,
		"candidates_truncated": d.CandidatesTruncated, "credentials": credentials,
		"retry_after": seconds(e.RetryAfter), "scope": d.RateScope, "limit": d.Limit, "window_seconds": seconds(d.Window),
		"missing_scopes": d.Missing,
	}
}

// normal makes null, 0, "" and empty lists one, and numbers float64.
func normal(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		return err
	}
	return flatten(out)
}

func flatten(v any) any {
	switch v := v.(type) {
	case string:
		if v == "" {
			return nil
		}
	case float64:
		if v == 0 {
			return nil
		}
	case []any:
		if len(v) == 0 {
			return nil
		}
		for i := range v {
			v[i] = flatten(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = flatten(v[k])
		}
	}
	return v
}
