package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault"
)

// oddReason holds everything that ends a line somewhere.
const oddReason = "because\u0085of\u2028this\u2029…"

func newAgent(t *testing.T, d *daemon) *vault.Agent {
	t.Helper()
	agent, err := vault.NewAgent(d.values["ALTER_AGENT_KEY"], vault.WithBaseURL(d.values["ALTER_BASE_URL"]))
	if err != nil {
		t.Fatal(err)
	}
	return agent
}

// login asks the stand-in who the grant's account is.
func login(t *testing.T, c *http.Client, method, base string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, base+"/user?secret=in-the-query", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var body struct {
		Login string `json:"login"`
	}
	if err := json.UnmarshalRead(resp.Body, &body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s /user: %s %v", method, resp.Status, err)
	}
	return body.Login
}

func TestDev(t *testing.T) {
	d := start(t, "dev")
	want := []string{"ALTER_BASE_URL", "ALTER_APP_KEY", "ALTER_AGENT_KEY", "ALTER_AGENT_ID", "GRANT_ID", "USER_GRANT_ID", "PROVIDER_URL", "VAULT_DIR", "CONSOLE_URL"}
	for _, name := range want {
		if d.values[name] == "" {
			t.Errorf("no %s", name)
		}
	}
	agent := newAgent(t, d)
	provider := d.values["PROVIDER_URL"]
	ctx := agent.Trace(t.Context(), vault.Trace{RunID: "run-abc123", ThreadID: "th", Metadata: map[string]string{"role": "tester"}})
	seen := map[string]bool{}
	for _, grant := range []string{d.values["GRANT_ID"], d.values["USER_GRANT_ID"]} {
		c := agent.HTTPClient(vault.Grant(grant))
		get := login(t, c, http.MethodGet, provider)
		if post := login(t, c, http.MethodPost, provider); post != get || seen[get] {
			t.Errorf("grant %s: GET %q, POST %q, seen %v", grant, get, post, seen)
		}
		seen[get] = true
	}
	req, _ := http.NewRequestWithContext(vault.WithReason(vault.WithGrant(ctx, d.values["GRANT_ID"]), oddReason), http.MethodGet, provider+"/user?q=secret", nil)
	if resp, err := agent.HTTPClient().Do(req); err != nil {
		t.Error(err)
	} else {
		_ = resp.Body.Close()
	}
	if resp, err := http.Get(provider + "/user"); err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a credential: %v %v", resp, err)
	} else {
		_ = resp.Body.Close()
	}
	if err := agent.Close(t.Context()); err != nil {
		t.Error(err)
	}
	t.Run("audit beside", func(t *testing.T) { auditBeside(t, d) })
	dir := d.values["VAULT_DIR"]
	end := d.stop()
	lines := strings.Split(strings.TrimSpace(end.stdout), "\n")
	if end.code != exitOK || len(lines) != len(want)+1 || lines[len(want)] != "ready" || end.stderr != "" {
		t.Errorf("%+v", end)
	}
	for i, name := range want {
		if !strings.HasPrefix(lines[i], name+"=") {
			t.Errorf("line %d is %.20s…, want %s", i, lines[i], name)
		}
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}

// auditBeside reads the trail with a command of its own while dev serves.
func auditBeside(t *testing.T, d *daemon) {
	o := command(t, "", "audit", "list", "--json", "--kind", "call", "--dir", d.values["VAULT_DIR"])
	if o.code != exitOK || anyKey.MatchString(o.stdout) || strings.Contains(o.stdout, "secret") {
		t.Fatalf("%+v", o)
	}
	if strings.ContainsAny(o.stdout, "\u0085\u2028\u2029") {
		t.Error("the output holds characters that some readers take for line ends")
	}
	var rows []map[string]any
	for s := bufio.NewScanner(strings.NewReader(o.stdout)); s.Scan(); {
		var row map[string]any
		if err := json.Unmarshal(s.Bytes(), &row); err != nil {
			t.Fatalf("line %q: %v", s.Text(), err)
		}
		rows = append(rows, row)
	}
	if len(rows) != 5 {
		t.Fatalf("%d rows for 5 calls", len(rows))
	}
	for i, row := range rows {
		for _, field := range []string{"agent_id", "grant_id", "provider", "operation", "method", "url", "run_id", "thread_id", "tool", "reason", "outcome", "traceparent"} {
			if _, ok := row[field].(string); !ok {
				t.Errorf("row %d: %s is %T", i, field, row[field])
			}
		}
		if row["status"] != 200.0 || row["url"] != d.values["PROVIDER_URL"]+"/user" || row["agent_id"] != d.values["ALTER_AGENT_ID"] || row["provider"] != "github" {
			t.Errorf("row %d: %v", i, row)
		}
		if want := map[any]any{"GET": "users/get-authenticated", "POST": ""}[row["method"]]; row["operation"] != want {
			t.Errorf("row %d: operation %v, want %v", i, row["operation"], want)
		}
	}
	inOrder(t, command(t, "", "audit", "list", "--json", "--dir", d.values["VAULT_DIR"]).stdout, 5)
	if last := rows[4]; last["run_id"] != "run-abc123" || last["thread_id"] != "th" || last["reason"] != oddReason {
		t.Errorf("last row: %v", last)
	}
}

// plainGet opens a link as curl does: no cookies, no redirects.
func plainGet(ctx context.Context, link string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil {
		err = resp.Body.Close()
	}
	return err
}

func TestDevApprove(t *testing.T) {
	d := start(t, "dev", "--approve")
	app, err := vault.NewApp(d.values["ALTER_APP_KEY"], vault.WithBaseURL(d.values["ALTER_BASE_URL"]))
	if err != nil {
		t.Fatal(err)
	}
	agent := newAgent(t, d)
	user, agentID := userToken(t, app), d.values["ALTER_AGENT_ID"]
	poll := []vault.PollOption{vault.PollInterval(10 * time.Millisecond), vault.PollTimeout(20 * time.Second), vault.ShowURL(plainGet)}
	seen := []string{agentLogin, userLogin}
	for name, connect := range map[string]func() ([]vault.ConnectResult, error){
		"agent": func() ([]vault.ConnectResult, error) {
			return agent.Connect(t.Context(), vault.ConnectParams{}, poll...)
		},
		"direct": func() ([]vault.ConnectResult, error) {
			return agent.Connect(t.Context(), vault.ConnectParams{Providers: []string{"github"}, Direct: true}, poll...)
		},
		"user": func() ([]vault.ConnectResult, error) {
			return app.Connect(t.Context(), vault.ConnectParams{Providers: []string{"github"}, UserToken: user, Agent: agentID, ReturnURL: "https://app.example/"}, poll...)
		},
	} {
		results, err := connect()
		if err != nil || len(results) != 1 {
			t.Fatalf("%s: %v %v", name, results, err)
		}
		got := login(t, agent.HTTPClient(vault.Grant(results[0].GrantID)), http.MethodGet, d.values["PROVIDER_URL"])
		if slices.Contains(seen, got) || got != results[0].AccountIdentifier {
			t.Errorf("%s: login %q of %v, account %q", name, got, seen, results[0].AccountIdentifier)
		}
		seen = append(seen, got)
	}
	t.Run("token in the query", func(t *testing.T) {
		s, err := agent.CreateConnectSession(t.Context(), vault.ConnectParams{Providers: []string{"github"}})
		if err != nil {
			t.Fatal(err)
		}
		u, _ := url.Parse(s.ConnectURL)
		token := u.Path[strings.LastIndex(u.Path, "/")+1:]
		if err := plainGet(t.Context(), d.values["ALTER_BASE_URL"]+"/connect?session_token="+token); err != nil {
			t.Fatal(err)
		}
		if results, err := agent.PollSession(t.Context(), token, poll...); err != nil || len(results) != 1 {
			t.Errorf("%v %v", results, err)
		}
	})
	t.Run("sign-in waits", func(t *testing.T) {
		s, err := app.CreateAuthSession(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := plainGet(t.Context(), s.AuthURL); err != nil {
			t.Fatal(err)
		}
		u, _ := url.Parse(s.AuthURL)
		if r, err := app.PollAuthSession(t.Context(), u.Path[strings.LastIndex(u.Path, "/")+1:], vault.PollTimeout(300*time.Millisecond), vault.PollInterval(50*time.Millisecond)); err == nil {
			t.Errorf("signed in as %s", r.UserInfo)
		}
	})
	if err := errors.Join(app.Close(t.Context()), agent.Close(t.Context())); err != nil {
		t.Error(err)
	}
}

// userToken signs the user of USER_GRANT_ID in, with the pages' own forms.
func userToken(t *testing.T, app *vault.App) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar}
	r, err := app.Authenticate(t.Context(), vault.PollInterval(10*time.Millisecond), vault.PollTimeout(20*time.Second), vault.ShowURL(func(_ context.Context, link string) error {
		body, _, err := read(c.Get(link))
		if err != nil {
			return err
		}
		csrf := csrfField.FindStringSubmatch(body)
		_, at, err := read(c.PostForm(link, url.Values{"csrf": {csrf[1]}, "action": {"connect"}, "provider": {"github"}}))
		if err != nil {
			return err
		}
		_, _, err = read(c.PostForm(at, url.Values{"login": {userLogin}, "decision": {"allow"}}))
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	token := r.UserToken.Reveal()
	if subject, err := app.VerifyUserToken(t.Context(), token); err != nil || subject != "github|"+userLogin {
		t.Errorf("verified %q %v", subject, err)
	}
	return token
}

func read(resp *http.Response, err error) (body, at string, _ error) {
	if err != nil {
		return "", "", err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	return string(raw), resp.Request.URL.String(), err
}
