package vault

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// respond makes a script of a function that returns status and body.
func respond(f func() (int, []byte)) func(http.ResponseWriter, []byte) {
	return func(w http.ResponseWriter, _ []byte) {
		status, body := f()
		answerWith(status, body)(w, nil)
	}
}

// turn is one answer of a vault that is polled.
type turn struct {
	status int // 0 is a fault of the network
	body   string
	header http.Header
	hold   time.Duration // how long the vault holds it
}

// polled is a vault in memory that answers polls in turn, and notes when it was
// asked and what.
type polled struct {
	turns  []turn
	start  time.Time
	asked  []time.Duration
	bodies []string
	paths  []string
}

func (p *polled) RoundTrip(req *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(req.Body)
	p.asked, p.bodies, p.paths = append(p.asked, time.Since(p.start)), append(p.bodies, string(body)), append(p.paths, req.URL.Path)
	next := p.turns[0]
	if len(p.turns) > 1 {
		p.turns = p.turns[1:]
	}
	select {
	case <-time.After(next.hold):
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	if next.status == 0 {
		return nil, errors.New("connection reset")
	}
	h := next.header
	if h == nil {
		h = http.Header{}
	}
	return &http.Response{StatusCode: next.status, Header: h, Body: io.NopCloser(strings.NewReader(next.body)), Request: req}, nil
}

const (
	pendingTurn = `{"status":"pending"}`
	doneTurn    = `{"status":"completed","grants":[{"grant_id":"g-1","provider_id":"google","account_identifier":"a@example.com","scopes":["s1"],"operation":"creation"}]}`
)

func seconds(n ...float64) []time.Duration {
	out := make([]time.Duration, len(n))
	for i, s := range n {
		out[i] = time.Duration(s * float64(time.Second))
	}
	return out
}

func TestPollSession(t *testing.T) {
	for name, c := range map[string]struct {
		turns []turn
		opts  []PollOption
		asked []time.Duration
		kind  error // nil: grants
		code  string
		check func(*testing.T, *Error)
	}{
		"at once":  {turns: []turn{{200, doneTurn, nil, 0}}, asked: seconds(0)},
		"later":    {turns: []turn{{200, pendingTurn, nil, 0}, {200, pendingTurn, nil, 0}, {200, doneTurn, nil, 0}}, asked: seconds(0, 2, 4)},
		"interval": {turns: []turn{{200, pendingTurn, nil, 0}, {200, doneTurn, nil, 0}}, opts: []PollOption{PollInterval(5 * time.Second)}, asked: seconds(0, 5)},
		"deadline": {turns: []turn{{200, pendingTurn, nil, 0}}, opts: []PollOption{PollTimeout(5 * time.Second)}, asked: seconds(0, 2, 4, 5), kind: ErrConnectTimeout, code: ReasonPollDeadline,
			check: func(t *testing.T, e *Error) {
				if e.Details.Timeout != 5*time.Second || e.Details.Reason != ReasonPollDeadline || errors.Is(e, ErrVault) {
					t.Errorf("%+v", e.Details)
				}
			}},
		"default deadline": {turns: []turn{{200, pendingTurn, nil, 0}}, opts: []PollOption{PollInterval(150 * time.Second)}, asked: seconds(0, 150, 300), kind: ErrConnectTimeout, code: ReasonPollDeadline},
		"expired": {turns: []turn{{200, `{"status":"expired"}`, nil, 0}}, asked: seconds(0), kind: ErrConnectFlow, code: ReasonSessionExpired,
			check: func(t *testing.T, e *Error) {
				if errors.Is(e, ErrConnectTimeout) {
					t.Error("a session that was never alive did not time out")
				}
			}},
		"expired later": {turns: []turn{{200, pendingTurn, nil, 0}, {200, `{"status":"expired"}`, nil, 0}}, asked: seconds(0, 2), kind: ErrConnectTimeout, code: ReasonSessionExpired},
		"denied":        {turns: []turn{{200, fault("connect_denied"), nil, 0}}, asked: seconds(0), kind: ErrConnectDenied, code: "connect_denied"},
		"config":        {turns: []turn{{200, fault("invalid_client"), nil, 0}}, asked: seconds(0), kind: ErrConnectConfig, code: "invalid_client"},
		"unavailable": {turns: []turn{{200, fault("service_unavailable"), nil, 0}}, asked: seconds(0), kind: ErrVault, code: "service_unavailable",
			check: func(t *testing.T, e *Error) {
				if e.Status != 503 || !e.Retryable || e.RetryAfter != 9*time.Second {
					t.Errorf("%+v", e)
				}
			}},
		"idp inactive":   {turns: []turn{{200, fault("identity_provider_inactive"), nil, 0}}, asked: seconds(0), kind: ErrVault, code: "identity_provider_inactive"},
		"other fault":    {turns: []turn{{200, fault("something_new"), nil, 0}}, asked: seconds(0), kind: ErrConnectFlow, code: "something_new"},
		"blank fault":    {turns: []turn{{200, fault(" "), nil, 0}}, asked: seconds(0), kind: ErrVault, code: "bad_vault_answer"},
		"other status":   {turns: []turn{{200, `{"status":"odd"}`, nil, 0}}, asked: seconds(0), kind: ErrConnectFlow, code: "unexpected_status"},
		"nothing chosen": {turns: []turn{{200, failed("not_selected"), nil, 0}}, asked: seconds(0), kind: ErrConnectFlow, code: "grant_activation_failed"},
		"limits": {turns: []turn{{200, failed("policy_x"), nil, 0}}, asked: seconds(0), kind: ErrConnectFlow, code: "grant_policy_application_failed",
			check: func(t *testing.T, e *Error) {
				if diff := cmp.Diff([]FailedGrant{{"google", "policy_x", "m"}}, e.Details.FailedGrants); diff != "" {
					t.Error(diff)
				}
			}},
		"rate limited": {turns: []turn{{429, `{"error":"rate_limit_exceeded"}`, http.Header{"Retry-After": {"7"}}, 0}, {429, "slow", nil, 0}, {200, doneTurn, nil, 0}}, asked: seconds(0, 7, 9)},
		"rate limited at last": {turns: []turn{{429, `{"error":"rate_limit_exceeded"}`, http.Header{"Retry-After": {"60"}}, 0}}, opts: []PollOption{PollTimeout(3 * time.Second)}, asked: seconds(0, 3), kind: ErrConnectTimeout, code: ReasonRateLimited,
			check: func(t *testing.T, e *Error) {
				if e.RetryAfter != time.Minute {
					t.Errorf("retry after %v", e.RetryAfter)
				}
			}},
		"quota":   {turns: []turn{{429, `{"error":"quota_exceeded"}`, nil, 0}}, asked: seconds(0), kind: ErrQuotaExceeded, code: "quota_exceeded"},
		"down":    {turns: []turn{{503, "", nil, 0}}, asked: seconds(0), kind: ErrVault, code: ""},
		"unknown": {turns: []turn{{404, "", nil, 0}}, asked: seconds(0), kind: ErrGrantNotFound, code: ""},
		"network": {turns: []turn{{0, "", nil, 0}}, asked: seconds(0), kind: ErrNetwork, code: "network_error"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &polled{turns: c.turns, start: time.Now()}
				app := memoryApp(t, p)
				got, err := app.PollSession(t.Context(), "s", c.opts...)
				if diff := cmp.Diff(c.asked, p.asked); diff != "" {
					t.Errorf("asked at: %s", diff)
				}
				if c.kind == nil {
					want := []ConnectResult{{GrantID: "g-1", ProviderID: "google", AccountIdentifier: "a@example.com", Scopes: []string{"s1"}, Operation: "creation"}}
					if diff := cmp.Diff(want, got); diff != "" || err != nil {
						t.Errorf("%v %s", err, diff)
					}
					return
				}
				e := wantError(t, err, c.kind, c.code)
				if c.check != nil {
					c.check(t, e)
				}
			})
		})
	}
}

func fault(code string) string {
	return `{"status":"error","error":{"error_code":"` + code + `","error_message":"m","retry_after_seconds":9}}`
}

func failed(reason string) string {
	return `{"status":"completed","grants":[],"failed_grants":[{"provider_id":"google","reason":"` + reason + `","message":"m"}]}`
}

func memoryApp(t *testing.T, backend http.RoundTripper, opts ...Option) *App {
	t.Helper()
	app, err := NewApp(testApp, append([]Option{WithBackend(backend)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return app
}

func TestDeclinedProviders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		declined := `{"status":"pending","declined_providers":[{"provider_id":"slack","error_code":"access_denied","declined_at":"x"},{"provider_id":""},7]}`
		both := `{"status":"pending","declined_providers":[{"provider_id":"slack","error_code":"access_denied"},{"provider_id":"asana","error_code":"c"}]}`
		app := memoryApp(t, &polled{turns: []turn{{200, declined, nil, 0}, {200, declined, nil, 0}, {200, both, nil, 0}}, start: time.Now()})
		var seen []DeclinedProvider
		_, err := app.PollSession(t.Context(), "s", PollTimeout(7*time.Second), OnDeclined(func(d DeclinedProvider) { seen = append(seen, d) }))
		e := wantError(t, err, ErrConnectTimeout, ReasonPollDeadline)
		if diff := cmp.Diff([]DeclinedProvider{{"slack", "access_denied", "x"}, {"asana", "c", ""}}, seen); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"asana", "slack"}, e.Details.DeclinedProviders); diff != "" {
			t.Error(diff)
		}
	})
}

func TestContextEndsPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := memoryApp(t, &polled{turns: []turn{{200, pendingTurn, nil, 0}}, start: time.Now()})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := app.PollSession(ctx, "s")
		wantError(t, err, ErrTimeout, "timeout")
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		_, err = app.PollAuthSession(ctx, "s")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

func TestConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		session := `{"session_token":"cs_1","connect_url":"https://vault.example.com/c#cs_1","expires_in":600,"expires_at":"x"}`
		backend := &polled{turns: []turn{{201, session, nil, 0}, {200, pendingTurn, nil, 0}, {200, doneTurn, nil, 0}}, start: time.Now()}
		app := memoryApp(t, backend)
		var shown string
		got, err := app.Connect(t.Context(), ConnectParams{Providers: []string{"google"}, Policy: &GrantPolicy{MaxTTL: time.Minute}},
			ShowURL(func(_ context.Context, url string) error {
				shown = url
				return nil
			}))
		if err != nil || len(got) != 1 || got[0].GrantID != "g-1" || shown != "https://vault.example.com/c#cs_1" {
			t.Errorf("%v %v, shown %s", got, err, shown)
		}
		want := []string{
			`{"allowed_providers":["google"],"return_url":null,"allowed_origin":null,"metadata":null,"grant_policy":{"max_ttl_seconds":60}}`,
			`{"session_token":"cs_1"}`, `{"session_token":"cs_1"}`,
		}
		if diff := cmp.Diff(want, backend.bodies); diff != "" {
			t.Error(diff)
		}
		// Whoever shows the URL can say no.
		refused := errors.New("no screen")
		app = memoryApp(t, &polled{turns: []turn{{201, session, nil, 0}}})
		_, err = app.Connect(t.Context(), ConnectParams{}, ShowURL(func(context.Context, string) error { return refused }))
		if !errors.Is(err, refused) {
			t.Errorf("%v", err)
		}
	})
}

func TestPollAuthSession(t *testing.T) {
	done := `{"status":"completed","user_token":"jwt-1","user_info":{"sub":"u"}}`
	wait := func(ms string) string { return `{"session_token":"s","wait_ms":` + ms + `}` }
	for name, c := range map[string]struct {
		turns  []turn
		opts   []PollOption
		asked  []time.Duration
		bodies []string
		kind   error
		code   string
	}{
		"held":     {turns: []turn{{200, pendingTurn, nil, 25 * time.Second}, {200, done, nil, 0}}, asked: seconds(0, 27), bodies: []string{wait("25000"), wait("25000")}},
		"near end": {turns: []turn{{200, pendingTurn, nil, 0}}, opts: []PollOption{PollTimeout(3 * time.Second)}, asked: seconds(0, 2, 3), bodies: []string{wait("3000"), wait("1000"), `{"session_token":"s"}`}, kind: ErrConnectTimeout, code: ReasonPollDeadline},
		"passing": {turns: []turn{{503, "", nil, 0}, {429, `{"error":"rate_limit_exceeded"}`, http.Header{"Retry-After": {"60"}}, 0}, {0, "", nil, 0}, {201, done, nil, 0}, {302, done, nil, 0}, {200, done, nil, 0}},
			asked: seconds(0, 2, 4, 6, 8, 10)},
		"hangs":         {turns: []turn{{200, done, nil, time.Hour}, {200, done, nil, 0}}, asked: seconds(0, 42)}, // 25 s and 15 s more
		"400":           {turns: []turn{{400, "", nil, 0}}, asked: seconds(0), kind: ErrVault, code: ""},
		"401":           {turns: []turn{{401, `{"error":"invalid_key"}`, nil, 0}}, asked: seconds(0), kind: ErrInvalidKey, code: "invalid_key"},
		"403":           {turns: []turn{{403, "", nil, 0}}, asked: seconds(0), kind: ErrPolicyViolation, code: ""},
		"404":           {turns: []turn{{404, "", nil, 0}}, asked: seconds(0), kind: ErrGrantNotFound, code: ""},
		"410":           {turns: []turn{{410, "", nil, 0}}, asked: seconds(0), kind: ErrGrantDeleted, code: ""},
		"422":           {turns: []turn{{422, "", nil, 0}}, asked: seconds(0), kind: ErrVault, code: ""},
		"junk":          {turns: []turn{{200, "<html>", nil, 0}}, asked: seconds(0), kind: ErrVault, code: "bad_vault_answer"},
		"no status":     {turns: []turn{{200, `{"status":""}`, nil, 0}}, asked: seconds(0), kind: ErrVault, code: "bad_vault_answer"},
		"no user":       {turns: []turn{{200, `{"status":"completed"}`, nil, 0}}, asked: seconds(0), kind: ErrConnectFlow, code: "unexpected_status"},
		"expired":       {turns: []turn{{200, `{"status":"expired"}`, nil, 0}}, asked: seconds(0), kind: ErrConnectFlow, code: ReasonSessionExpired},
		"error":         {turns: []turn{{200, `{"status":"error","error_message":"no"}`, nil, 0}}, asked: seconds(0), kind: ErrConnectFlow, code: "auth_failed"},
		"known error":   {turns: []turn{{200, `{"status":"error","error_code":"service_unavailable"}`, nil, 0}}, asked: seconds(0), kind: ErrVault, code: "service_unavailable"},
		"unknown state": {turns: []turn{{200, `{"status":"odd"}`, nil, 0}}, asked: seconds(0), kind: ErrConnectFlow, code: "unexpected_status"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &polled{turns: c.turns, start: time.Now()}
				got, err := memoryApp(t, p).PollAuthSession(t.Context(), "s", c.opts...)
				if diff := cmp.Diff(c.asked, p.asked); diff != "" {
					t.Errorf("asked at: %s", diff)
				}
				if c.bodies != nil {
					if diff := cmp.Diff(c.bodies, p.bodies); diff != "" {
						t.Error(diff)
					}
				}
				if c.kind != nil {
					wantError(t, err, c.kind, c.code)
				} else if err != nil || got.UserToken.Reveal() != "jwt-1" || string(got.UserInfo) != `{"sub":"u"}` {
					t.Errorf("%v %v", got, err)
				}
			})
		})
	}
}

// TestAuthenticate: the App works for the user from then on; an Agent does not.
func TestAuthenticate(t *testing.T) {
	session := `{"session_token":"as_1","auth_url":"https://idp.example.com/?state=as_1","expires_in":600,"expires_at":"x"}`
	done := `{"status":"completed","user_token":"jwt-1"}`
	list := `{"grants":[],"total":0,"limit":1,"offset":0,"has_more":false}`
	show := ShowURL(func(_ context.Context, url string) error {
		if url != "https://idp.example.com/?state=as_1" {
			t.Errorf("shown %s", url)
		}
		return nil
	})
	var logged bytes.Buffer
	backend := &polled{turns: []turn{{201, session, nil, 0}, {200, done, nil, 0}, {200, list, nil, 0}, {201, session, nil, 0}, {200, done, nil, 0}}}
	app := memoryApp(t, backend, WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
	made, _ := app.Agent(testAgentID)
	if _, err := app.Authenticate(t.Context(), show); err != nil {
		t.Fatal(err)
	}
	if err := last(app.ListGrants(t.Context(), GrantFilter{})); err != nil {
		t.Fatal(err)
	}
	if got := backend.bodies[2]; !strings.Contains(got, `"user_token":"jwt-1"`) {
		t.Errorf("list %s", got)
	}
	if logged.Len() != 0 || made.userToken.Load() != nil {
		t.Errorf("logged %s", logged.String())
	}
	if _, err := app.Authenticate(t.Context(), show); err != nil || strings.Count(logged.String(), "level=WARN") != 1 {
		t.Errorf("%v, logged %s", err, logged.String())
	}
	agent, _ := NewAgent(testKey, WithBackend(&polled{turns: []turn{{201, session, nil, 0}, {200, done, nil, 0}}}))
	if r, err := agent.Authenticate(t.Context(), show); err != nil || r.UserToken.Reveal() != "jwt-1" || agent.userToken.Load() != nil {
		t.Errorf("%v %v", r, err)
	}
	// Exactly 201 makes a session.
	_, err := memoryApp(t, &polled{turns: []turn{{200, session, nil, 0}}}).CreateAuthSession(t.Context())
	wantError(t, err, ErrVault, "bad_vault_answer")
}

func TestVerifyUserToken(t *testing.T) {
	vault := newFakeVault(t)
	vault.script(wire.PathVerifyToken, answer200(wire.MarshalVerified("sub-1")))
	app := vault.app()
	if sub, err := app.VerifyUserToken(t.Context(), "jwt"); sub != "sub-1" || err != nil {
		t.Errorf("%s %v", sub, err)
	}
	vault.script(wire.PathVerifyToken, answerWith(401, wire.MarshalError("jwt_validation_error", "")))
	_, err := app.VerifyUserToken(t.Context(), "jwt")
	wantError(t, err, ErrReAuthRequired, "jwt_validation_error")
}

func TestOpenBrowserRefusesOtherSchemes(t *testing.T) {
	for _, link := range []string{"", "file:///etc/passwd", "javascript:alert(1)", "-help", "https:", "ssh://x"} {
		if err := OpenBrowser(t.Context(), link); !errors.Is(err, ErrInvalidInput) {
			t.Errorf("%q: %v", link, err)
		}
	}
}
