package endtoend_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/providers/mailchimp"
	"github.com/grantwire/grantwire/providers/stripe"
	"github.com/grantwire/grantwire/providers/trello"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

const (
	managedKey   = "test-secret-managed/key+1"
	managedToken = "test-secret-managed token=2"
)

// managedCall is a generated client's call under a managed secret: where the
// provider has to find the secret, and what it answers.
type managedCall struct {
	slug   string
	spec   local.ManagedSecretSpec
	found  func(*http.Request) bool
	answer string
	fault  string // the body of an error, with a %q for its text
	// call makes the call with a client for base; the text is out of the typed
	// answer.
	call func(ctx context.Context, hc *http.Client, base *url.URL, opts ...api.CallOption) (string, error)
	want string
}

var managedCalls = []managedCall{{
	slug: "trello", spec: local.ManagedSecretSpec{
		Kind: local.SecretQuery, Names: []string{"key", "token"}, Value: local.SecretValue{Values: []string{managedKey, managedToken}},
	},
	found: func(r *http.Request) bool {
		q := r.URL.Query()
		return q.Get("key") == managedKey && q.Get("token") == managedToken && q.Get("fields") == "name" && r.Header.Get("Authorization") == ""
	},
	fault: `{"error":"E","message":%q}`, answer: `{"id":"b1","name":"Lamps"}`, want: "map[id:b1 name:Lamps]",
	call: func(ctx context.Context, hc *http.Client, base *url.URL, opts ...api.CallOption) (string, error) {
		board, err := trello.New(hc, api.WithBaseURL(base)).GetBoard(ctx, "b1", &trello.GetBoardParams{Fields: "name"}, opts...)
		return fmt.Sprint(board), err
	},
}, {
	slug: "mailchimp-eu", spec: local.ManagedSecretSpec{Kind: local.SecretBasic, Value: local.SecretValue{Username: "anystring", Password: managedKey}},
	found: func(r *http.Request) bool {
		user, password, _ := r.BasicAuth()
		return user == "anystring" && password == managedKey
	},
	fault: `{"title":"Bad Request","detail":%q}`, answer: `{"id":"l1","name":"News"}`, want: "News",
	call: func(ctx context.Context, hc *http.Client, base *url.URL, opts ...api.CallOption) (string, error) {
		list, err := mailchimp.New(hc, api.WithBaseURL(base)).GetList(ctx, "l1", nil, opts...)
		if err != nil {
			return "", err
		}
		return *list.Name, nil
	},
}, {
	slug: "stripe-production", spec: local.ManagedSecretSpec{Kind: local.SecretBearer, Value: local.SecretValue{Values: []string{managedKey}}},
	found:  func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer "+managedKey },
	fault:  `{"error":{"message":%q}}`,
	answer: `{"object":"balance","livemode":false,"available":[],"pending":[]}`, want: "balance",
	call: func(ctx context.Context, hc *http.Client, base *url.URL, opts ...api.CallOption) (string, error) {
		balance, err := stripe.New(hc, api.WithBaseURL(base)).GetBalance(ctx, nil, opts...)
		if err != nil {
			return "", err
		}
		return balance.Object, nil
	},
}}

// TestManagedSecrets: typed calls work under a managed secret, in both modes,
// named by the secret's slug. The provider repeats all of the request in an
// error, and nothing of the secret comes back, in no spelling.
func TestManagedSecrets(t *testing.T) {
	for _, c := range managedCalls {
		for _, mode := range []vault.Mode{vault.Retrieve, vault.Proxy} {
			t.Run(c.slug+"/"+mode.String(), func(t *testing.T) {
				fail := false
				srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					w.Header().Set("X-Request-Line", r.RequestURI)
					switch {
					case !c.found(r):
						w.WriteHeader(http.StatusUnauthorized)
					case fail:
						w.WriteHeader(http.StatusBadRequest)
						user, password, _ := r.BasicAuth()
						_, _ = fmt.Fprintf(w, c.fault, strings.Join([]string{"seen", r.RequestURI, r.Header.Get("Authorization"), user, password, r.URL.Query().Encode()}, " "))
					default:
						_, _ = io.WriteString(w, c.answer)
					}
				}))
				defer srv.Close()
				v, key := managedVault(t, c, srv.URL)
				agent, err := vault.NewAgent(key, vault.WithBackend(v), vault.WithMode(mode))
				if err != nil {
					t.Fatal(err)
				}
				hc := agent.HTTPClient(vault.Provider(c.slug))
				base, err := url.Parse(srv.URL)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := c.call(t.Context(), hc, base); err != nil || got != c.want {
					t.Errorf("%q %v, want %q", got, err, c.want)
				}
				fail = true
				_, err = c.call(t.Context(), hc, base, api.WithRetry(api.RetryPolicy{Attempts: 1}))
				if e, ok := errors.AsType[*api.Error](err); !ok || e.Status != http.StatusBadRequest {
					t.Fatalf("%v", err)
				}
				if err := agent.Close(t.Context()); err != nil {
					t.Error(err)
				}
				checkManaged(t, v, c.slug, err)
			})
		}
	}
}

func managedVault(t *testing.T, c managedCall, base string) (v *local.Vault, key string) {
	t.Helper()
	v, err := local.Open("", local.InMemory())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	made, err := v.CreateAgent(t.Context(), local.AgentSpec{Name: "planner", Scopes: map[string][]string{"managed_secret_slugs": {c.slug}}})
	if err != nil {
		t.Fatal(err)
	}
	c.spec.Slug, c.spec.Hosts = c.slug, []string{base}
	secret, err := v.CreateManagedSecret(t.Context(), c.spec)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.GrantManagedSecret(t.Context(), local.ManagedGrantSpec{SecretID: secret.ID, AgentID: made.ID}); err != nil {
		t.Fatal(err)
	}
	return v, made.Key
}

// checkManaged looks at the rows of two calls and at the error of the second.
func checkManaged(t *testing.T, v *local.Vault, slug string, err error) {
	t.Helper()
	rows, auditErr := v.Audit(t.Context(), local.AuditFilter{})
	if auditErr != nil {
		t.Fatal(auditErr)
	}
	if len(rows) != 2 {
		t.Errorf("%d rows", len(rows))
	}
	h := newHunt(t, map[string]string{"key": managedKey, "token": managedToken})
	h.outcome("failed call", nil, err, api.Response{})
	for i, row := range rows {
		if row.Provider != slug || row.Outcome != local.OutcomeCompleted || row.Status != []int{200, 400}[i] {
			t.Errorf("%+v", row)
		}
		h.value("audit row", row)
	}
	if text := err.Error(); !strings.Contains(text, "seen /") || !strings.Contains(text, "*") && !strings.Contains(text, "[redacted]") {
		t.Errorf("the provider's error did not arrive: %s", text)
	}
}
