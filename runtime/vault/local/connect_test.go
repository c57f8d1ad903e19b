package local

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

func TestConnectAgent(t *testing.T) {
	f := newFlowFixture(t)
	token := f.connect(f.agent.Key, wire.ConnectRequest{Providers: []string{" GitHub "}})
	if s := f.poll(f.agent.Key, token); s.Status != wire.SessionPending {
		t.Fatalf("before: %+v", s)
	}
	b := newBrowser(f)
	page := b.get(pageBase + connectPath + token)
	if page.status != 200 || !strings.Contains(page.text, "GitHub &lt;test&gt;") || !strings.Contains(page.text, "builder") {
		t.Errorf("page: %d %s", page.status, page.text)
	}
	end := b.submit(page, "connect")
	if end.status != 200 || !strings.Contains(end.text, "Connected") || len(end.forms()) != 0 || end.url.RawQuery != "" {
		t.Errorf("end page: %d %s %s", end.status, end.url, end.text)
	}
	s := f.poll(f.agent.Key, token)
	if s.Status != wire.SessionCompleted || len(s.Grants) != 1 || len(s.Failed) != 0 {
		t.Fatalf("after: %+v", s)
	}
	g := s.Grants[0]
	if g.ProviderID != "github" || g.AccountIdentifier != "octo" || g.Operation != "creation" || !slices.Equal(g.Scopes, []string{"repo", "user"}) || g.Delegation != nil {
		t.Errorf("grant %+v", g)
	}
	if r := f.token(g.GrantID, f.server.URL+"/user", send{}); r.status != 200 || r.str("access_token") != "test-secret-access-1" {
		t.Errorf("token: %d %s", r.status, r.raw)
	}
	grants, err := f.Grants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(grants, func(x Grant) bool { return x.ID == g.GrantID })
	if i < 0 || grants[i].AgentID != f.agent.ID || grants[i].UserID != "" {
		t.Errorf("the grant is not the agent's alone: %+v", grants)
	}
}

func TestConnectOwners(t *testing.T) {
	f := newFlowFixture(t)
	user := f.signIn("alice")
	cases := map[string]struct {
		ask                    wire.ConnectRequest
		wantUser, wantDelegate bool
	}{
		"app":            {ask: wire.ConnectRequest{}},
		"user":           {ask: wire.ConnectRequest{UserToken: user}, wantUser: true},
		"user and agent": {ask: wire.ConnectRequest{UserToken: user, Agent: "builder"}, wantUser: true, wantDelegate: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f.server.set(func() { f.server.account = strings.ReplaceAll(name, " ", "-") })
			c.ask.Providers = []string{"github"}
			token := f.connect(f.app.Key, c.ask)
			b := newBrowser(f)
			b.submit(b.get(pageBase+connectPath+token), "connect")
			s := f.poll(f.app.Key, token)
			if s.Status != wire.SessionCompleted {
				t.Fatalf("%+v", s)
			}
			id := s.Grants[0].GrantID
			grants, err := f.Grants(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			g := grants[slices.IndexFunc(grants, func(x Grant) bool { return x.ID == id })]
			if (g.UserID != "") != c.wantUser || g.AgentID != "" || slices.Contains(g.Delegates, f.agent.ID) != c.wantDelegate {
				t.Errorf("grant %+v", g)
			}
			if c.wantDelegate != (s.Grants[0].Delegation != nil && s.Grants[0].Delegation.AgentID == f.agent.ID) {
				t.Errorf("delegation %+v", s.Grants[0].Delegation)
			}
			want := 404
			if c.wantDelegate {
				want = 200
			}
			if r := f.token(id, f.server.URL+"/user", send{}); r.status != want {
				t.Errorf("the agent: %d, want %d", r.status, want)
			}
			if r := f.token(id, f.server.URL+"/user", send{key: f.app.Key}); r.status != 200 {
				t.Errorf("the app: %d %s", r.status, r.raw)
			}
		})
	}
}

func TestConnectRefusals(t *testing.T) {
	f := newFlowFixture(t)
	other := f.newAgent("other")
	user := f.signIn("alice")
	github := []string{"github"}
	cases := map[string]struct {
		key    string
		ask    wire.ConnectRequest
		status int
		code   string
	}{
		"unknown provider":     {ask: wire.ConnectRequest{Providers: []string{"gitlab"}}, status: 400, code: "provider_not_configured"},
		"no provider":          {ask: wire.ConnectRequest{Providers: []string{}}, status: 400, code: codeInvalidRequest},
		"direct to any":        {ask: wire.ConnectRequest{Direct: true}, status: 400, code: codeInvalidRequest},
		"scope":                {ask: wire.ConnectRequest{Providers: github, RequiredScopes: map[string][]string{"github": {"admin"}}}, status: 400, code: "scope_not_allowed"},
		"javascript return":    {ask: wire.ConnectRequest{Providers: github, ReturnURL: "javascript:alert(1)"}, status: 422, code: "invalid_return_url"},
		"return with userinfo": {ask: wire.ConnectRequest{Providers: github, ReturnURL: "https://a@b.example/"}, status: 422, code: "invalid_return_url"},
		"origin with path":     {ask: wire.ConnectRequest{Providers: github, AllowedOrigin: "https://b.example/x"}, status: 400, code: "invalid_origin"},
		"policy in the past":   {ask: wire.ConnectRequest{Providers: github, Policy: &wire.GrantPolicyInput{ExpiresAt: "2020-01-01"}}, status: 422, code: "invalid_grant_policy"},
		"default beyond max":   {ask: wire.ConnectRequest{Providers: github, Policy: &wire.GrantPolicyInput{MaxTTLSeconds: 5, DefaultTTLSeconds: 6}}, status: 422, code: "invalid_grant_policy"},
		"restrictions":         {ask: wire.ConnectRequest{Providers: github, Requested: &wire.RequestedGrant{Label: "x", AllowedEndpoints: []string{"x"}}}, status: 422, code: "invalid_grant_policy"},
		"agent without user":   {ask: wire.ConnectRequest{Providers: github, Agent: "builder"}, status: 400, code: "agent_requires_user_token"},
		"unknown agent":        {ask: wire.ConnectRequest{Providers: github, Agent: "nobody", UserToken: user}, status: 404, code: "agent_not_found"},
		"forged user":          {ask: wire.ConnectRequest{Providers: github, UserToken: user + "x"}, status: 401, code: codeBadUserToken},
		"other agent's key":    {key: f.agent.Key, ask: wire.ConnectRequest{Providers: github, Agent: other.ID}, status: 400, code: "agent_cannot_delegate_to_other_agent"},
		"agent's key and user": {key: f.agent.Key, ask: wire.ConnectRequest{Providers: github, UserToken: user}, status: 400},
		"unknown repair":       {ask: wire.ConnectRequest{Providers: github, RepairGrantID: newID()}, status: 404, code: codeGrantNotFound},
		"repair and label":     {ask: wire.ConnectRequest{Providers: github, RepairGrantID: newID(), Requested: &wire.RequestedGrant{Label: "x"}}, status: 400, code: codeInvalidRequest},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.key == "" {
				c.key = f.app.Key
			}
			r := f.post(c.key, wire.PathConnectSession, c.ask.Marshal())
			if r.status != c.status || c.code != "" && r.str("error") != c.code {
				t.Errorf("got %d %s, want %d %s", r.status, r.raw, c.status, c.code)
			}
		})
	}
}

func TestConnectPollBelongsToCreator(t *testing.T) {
	f := newFlowFixture(t)
	token := f.connect(f.app.Key, wire.ConnectRequest{Providers: []string{"github"}})
	for key, want := range map[string]int{f.app.Key: 200, f.agent.Key: 404} {
		if r := f.post(key, wire.PathConnectPoll, wire.MarshalConnectPoll(token)); r.status != want {
			t.Errorf("%.9s: %d %s", key, r.status, r.raw)
		}
	}
	if r := f.post(f.app.Key, wire.PathConnectPoll, wire.MarshalConnectPoll(token+"x")); r.status != 404 || r.str("error") != "session_not_found" {
		t.Errorf("unknown token: %d %s", r.status, r.raw)
	}
	if r := f.post(f.app.Key, wire.PathAuthPoll, wire.AuthPoll{SessionToken: token}.Marshal()); r.status != 404 {
		t.Errorf("a connect token at sign-in: %d", r.status)
	}
	for _, body := range []string{"", "{}", "[]", `{"session_token":1}`, `{"session_token":""}`, "\x00"} {
		if r := f.post(f.app.Key, wire.PathConnectPoll, []byte(body)); r.status < 400 || r.status > 499 {
			t.Errorf("body %q: %d", body, r.status)
		}
	}
}

func TestConnectExpires(t *testing.T) {
	f := newFlowFixture(t)
	token := f.connect(f.agent.Key, wire.ConnectRequest{Providers: []string{"github"}})
	b := newBrowser(f)
	b.stopAt = pageBase + callbackPath
	answer := b.submit(b.get(pageBase+connectPath+token), "connect")
	f.clock.add(sessionLife)
	b.stopAt = ""
	if p := b.get(answer.location); p.status == 200 {
		t.Errorf("an answer after the end: %d %s", p.status, p.text)
	}
	if s := f.poll(f.agent.Key, token); s.Status != wire.SessionExpired {
		t.Errorf("%+v", s)
	}
	if p := b.get(pageBase + connectPath + token); p.status != http.StatusGone {
		t.Errorf("page %d", p.status)
	}
	f.clock.add(sessionKept + time.Second)
	f.connect(f.agent.Key, wire.ConnectRequest{Providers: []string{"github"}}) // cleans up
	if r := f.post(f.agent.Key, wire.PathConnectPoll, wire.MarshalConnectPoll(token)); r.status != 404 {
		t.Errorf("after a day: %d", r.status)
	}
}

func TestConnectSeveral(t *testing.T) {
	f := newFlowFixture(t)
	spec := f.server.spec()
	for _, id := range []string{"second", "third"} {
		spec.ID, spec.SignIn = id, false
		f.provider(spec)
	}
	token := f.connect(f.agent.Key, wire.ConnectRequest{Providers: []string{"github", "second", "third"}})
	b := newBrowser(f)
	page := b.submit(b.get(pageBase+connectPath+token), "connect", "provider", "second")
	f.server.set(func() { f.server.account = "" })
	page = b.submit(page, "connect", "provider", "github")
	s := f.poll(f.agent.Key, token)
	if s.Status != wire.SessionPending || len(s.Declined) != 1 || s.Declined[0].ProviderID != "github" || s.Declined[0].ErrorCode != "access_denied" {
		t.Fatalf("%+v", s)
	}
	b.submit(page, "finish")
	s = f.poll(f.agent.Key, token)
	if s.Status != wire.SessionCompleted || len(s.Grants) != 1 || s.Grants[0].ProviderID != "second" || len(s.Failed) != 2 || s.Failed[1].Reason != "not_selected" {
		t.Errorf("%+v", s)
	}
}

// TestConnectAny: without allowed_providers the user chooses.
func TestConnectAny(t *testing.T) {
	f := newFlowFixture(t)
	spec := f.server.spec()
	spec.ID, spec.SignIn = "second", false
	f.provider(spec)
	token := f.connect(f.agent.Key, wire.ConnectRequest{})
	b := newBrowser(f)
	f.server.set(func() { f.server.account = "" })
	page := b.submit(b.get(pageBase+connectPath+token), "connect", "provider", "github")
	if s := f.poll(f.agent.Key, token); s.Status != wire.SessionPending || len(s.Declined) != 1 {
		t.Fatalf("%+v", s)
	}
	f.server.set(func() { f.server.account = "octo" })
	b.submit(page, "connect", "provider", "second")
	if s := f.poll(f.agent.Key, token); s.Status != wire.SessionCompleted || len(s.Grants) != 1 || s.Grants[0].ProviderID != "second" {
		t.Errorf("%+v", s)
	}
}

func TestConnectDenied(t *testing.T) {
	f := newFlowFixture(t)
	f.server.set(func() { f.server.account = "" })
	for name, act := range map[string]func(*browser, pageSeen){
		"at the provider": func(b *browser, p pageSeen) { b.submit(p, "connect") },
		"on the page":     func(b *browser, p pageSeen) { b.submit(p, "cancel") },
	} {
		t.Run(name, func(t *testing.T) {
			token := f.connect(f.agent.Key, wire.ConnectRequest{Providers: []string{"github"}})
			b := newBrowser(f)
			act(b, b.get(pageBase+connectPath+token))
			if s := f.poll(f.agent.Key, token); s.Status != wire.SessionError || s.Error.Code != "connect_denied" || s.Error.Message == "" {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestConnectDirect(t *testing.T) {
	f := newFlowFixture(t)
	token := f.connect(f.agent.Key, wire.ConnectRequest{Providers: []string{"github"}, Direct: true, ReturnURL: "https://app.example/done?a=1&b=2"})
	p := newBrowser(f).get(pageBase + connectPath + token)
	if !strings.Contains(p.text, "Connected") || !strings.Contains(p.text, `content="2; url=https://app.example/done?a=1&amp;b=2"`) {
		t.Errorf("%d %s", p.status, p.text)
	}
	if s := f.poll(f.agent.Key, token); s.Status != wire.SessionCompleted {
		t.Errorf("%+v", s)
	}
	f.server.set(func() { f.server.fail = func() string { return "500" } })
	token = f.connect(f.agent.Key, wire.ConnectRequest{Providers: []string{"github"}, Direct: true})
	newBrowser(f).get(pageBase + connectPath + token)
	if s := f.poll(f.agent.Key, token); s.Status != wire.SessionError || s.Error.Code != "service_unavailable" {
		t.Errorf("%+v", s)
	}
}

func TestConnectTryAgain(t *testing.T) {
	f := newFlowFixture(t)
	failing := true
	f.server.set(func() {
		f.server.fail = func() string {
			if failing {
				return "500"
			}
			return ""
		}
	})
	token := f.connect(f.agent.Key, wire.ConnectRequest{Providers: []string{"github"}})
	b := newBrowser(f)
	p := b.submit(b.get(pageBase+connectPath+token), "connect")
	if p.status != http.StatusBadGateway || strings.Contains(p.text, "test-secret") {
		t.Errorf("%d %s", p.status, p.text)
	}
	f.server.set(func() { failing = false })
	b.submit(b.get(pageBase+connectPath+token), "connect")
	if s := f.poll(f.agent.Key, token); s.Status != wire.SessionCompleted {
		t.Errorf("%+v", s)
	}
	f.server.set(func() { f.server.fail = func() string { return "invalid_client" } })
	token = f.connect(f.agent.Key, wire.ConnectRequest{Providers: []string{"github"}})
	b.submit(b.get(pageBase+connectPath+token), "connect")
	if s := f.poll(f.agent.Key, token); s.Status != wire.SessionError || s.Error.Code != "invalid_client" {
		t.Errorf("%+v", s)
	}
}

func TestConnectPolicy(t *testing.T) {
	f := newFlowFixture(t)
	ask := wire.ConnectRequest{Providers: []string{"github"}, Policy: &wire.GrantPolicyInput{MaxTTLSeconds: 48 * 3600, DefaultTTLSeconds: 60}}
	for name, c := range map[string]struct {
		ttl  string
		want time.Duration
		by   string
	}{
		"default":       {"0", time.Minute, "developer"},
		"the user's":    {"3600", time.Hour, "end_user"},
		"beyond limits": {"2592000", time.Minute, "developer"},
	} {
		t.Run(name, func(t *testing.T) {
			f.server.set(func() { f.server.account = name })
			token := f.connect(f.agent.Key, ask)
			b := newBrowser(f)
			page := b.get(pageBase + connectPath + token)
			if !strings.Contains(page.text, `<option value="86400">`) || strings.Contains(page.text, `<option value="2592000">`) {
				t.Error("choices", page.text)
			}
			b.submit(page, "connect", "ttl", c.ttl)
			s := f.poll(f.agent.Key, token)
			if len(s.Grants) != 1 || s.Grants[0].Policy == nil {
				t.Fatalf("%+v", s)
			}
			want := f.clock.now().Add(c.want).Format(time.RFC3339)
			if p := s.Grants[0].Policy; p.ExpiresAt != want || p.CreatedBy != c.by {
				t.Errorf("%+v, want %s", p, want)
			}
		})
	}
	ask.HideUserRules = true
	b := newBrowser(f)
	if page := b.get(pageBase + connectPath + f.connect(f.agent.Key, ask)); strings.Contains(page.text, "<select") {
		t.Error("the limits step is not hidden")
	}
}

func TestConnectScopesAndReauth(t *testing.T) {
	f := newFlowFixture(t)
	var first string
	for i, required := range []map[string][]string{nil, {"github": {"gist", "repo"}}} {
		token := f.connect(f.agent.Key, wire.ConnectRequest{Providers: []string{"github"}, RequiredScopes: required})
		b := newBrowser(f)
		b.submit(b.get(pageBase+connectPath+token), "connect")
		g := f.poll(f.agent.Key, token).Grants[0]
		if i == 0 {
			first = g.GrantID
			continue
		}
		if g.GrantID != first || g.Operation != "reauth" || !slices.Equal(g.Scopes, []string{"repo", "user", "gist"}) {
			t.Errorf("%+v, first was %s", g, first)
		}
	}
	if r := f.token(first, f.server.URL+"/", send{}); r.str("access_token") != "test-secret-access-2" {
		t.Errorf("%s", r.raw)
	}
}
