package local

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

func (f *flowFixture) authSession() wire.AuthSession {
	f.t.Helper()
	r := f.post(f.app.Key, wire.PathAuthSession, []byte("{}"))
	s, err := wire.ParseAuthSession(r.raw)
	if r.status != http.StatusCreated || err != nil {
		f.t.Fatalf("%d %s %v", r.status, r.raw, err)
	}
	return s
}

func (f *flowFixture) authPoll(key, token string, wait time.Duration) (int, wire.AuthState) {
	f.t.Helper()
	r := f.post(key, wire.PathAuthPoll, wire.AuthPoll{SessionToken: token, WaitMS: wait.Milliseconds()}.Marshal())
	s, _ := wire.ParseAuthState(r.raw)
	return r.status, s
}

func TestSignIn(t *testing.T) {
	f := newFlowFixture(t)
	s := f.authSession()
	if s.AuthURL != pageBase+signInPath+s.SessionToken || s.ExpiresIn != 600 {
		t.Errorf("session of %d s at %s", s.ExpiresIn, s.AuthURL)
	}
	b := newBrowser(f)
	page := b.get(s.AuthURL)
	if !strings.Contains(page.text, "mailer") || strings.Contains(page.text, "<select") {
		t.Errorf("%s", page.text)
	}
	b.submit(page, "connect")
	status, got := f.authPoll(f.app.Key, s.SessionToken, 0)
	if status != 200 || got.Status != wire.SessionCompleted || got.UserToken == "" {
		t.Fatalf("%d %s", status, got.Status)
	}
	const subject = "github|9007199254740993"
	if info := string(got.UserInfo); info != `{"email":"octo@example.com","name":"octo","sub":"`+subject+`"}` {
		t.Errorf("user_info %s", info)
	}
	r := f.post(f.app.Key, wire.PathVerifyToken, wire.MarshalVerifyToken(got.UserToken))
	if sub, err := wire.ParseVerified(r.raw); r.status != 200 || err != nil || sub != subject {
		t.Errorf("verify: %d %s", r.status, r.raw)
	}
	users, err := f.Users(t.Context())
	if err != nil || len(users) != 1 || users[0].Subject != subject || users[0].AppID != f.app.ID {
		t.Errorf("users %+v %v", users, err)
	}
	// A client that lost the answer gets it again, for a moment.
	if _, again := f.authPoll(f.app.Key, s.SessionToken, 0); again.Status != wire.SessionCompleted {
		t.Errorf("again: %s", again.Status)
	}
	f.clock.add(refetch + time.Second)
	if _, again := f.authPoll(f.app.Key, s.SessionToken, 0); again.Status != wire.SessionExpired || again.UserToken != "" {
		t.Errorf("later: %s", again.Status)
	}
}

func TestSignInPollHolds(t *testing.T) {
	f := newFlowFixture(t)
	s := f.authSession()
	begin := time.Now()
	if status, got := f.authPoll(f.app.Key, s.SessionToken, 150*time.Millisecond); status != 200 || got.Status != wire.SessionPending {
		t.Errorf("%d %s", status, got.Status)
	}
	if took := time.Since(begin); took < 140*time.Millisecond {
		t.Errorf("held for %v only", took)
	}
	done := make(chan string, 1)
	go func() {
		_, got := f.authPoll(f.app.Key, s.SessionToken, 25*time.Second)
		done <- got.Status
	}()
	b := newBrowser(f)
	b.submit(b.get(s.AuthURL), "connect")
	select {
	case got := <-done:
		if got != wire.SessionCompleted {
			t.Error(got)
		}
	case <-time.After(10 * time.Second):
		t.Error("the poll slept on")
	}
}

func TestSignInEnds(t *testing.T) {
	f := newFlowFixture(t)
	s := f.authSession()
	if status, _ := f.authPoll(f.agent.Key, s.SessionToken, 0); status != 404 {
		t.Errorf("another caller: %d", status)
	}
	b := newBrowser(f)
	b.submit(b.get(s.AuthURL), "cancel")
	if _, got := f.authPoll(f.app.Key, s.SessionToken, 0); got.Status != wire.SessionError || got.Error.Code != "access_denied" {
		t.Errorf("cancelled: %+v", got.Error)
	}
	f.server.set(func() { f.server.account = "" })
	s = f.authSession()
	b.submit(b.get(s.AuthURL), "connect")
	if _, got := f.authPoll(f.app.Key, s.SessionToken, 0); got.Status != wire.SessionError || got.Error.Code != "access_denied" {
		t.Errorf("denied: %+v", got.Error)
	}
	s = f.authSession()
	f.clock.add(sessionLife)
	if status, got := f.authPoll(f.app.Key, s.SessionToken, 25*time.Second); status != 200 || got.Status != wire.SessionExpired {
		t.Errorf("expired: %d %s", status, got.Status)
	}
	f.server.set(func() { f.server.account, f.server.profile = "octo", `{"name":["x"]}` })
	s = f.authSession()
	if p := b.submit(b.get(s.AuthURL), "connect"); p.status != http.StatusBadGateway {
		t.Errorf("a profile without an ID: %d", p.status)
	}
	if _, got := f.authPoll(f.app.Key, s.SessionToken, 0); got.Status != wire.SessionPending {
		t.Errorf("a profile without an ID: %s", got.Status)
	}
}

// TestAgentSignsUsersIn: the page's example works for an agent's own key, too.
func TestAgentSignsUsersIn(t *testing.T) {
	f := newFlowFixture(t)
	r := f.post(f.agent.Key, wire.PathAuthSession, []byte("{}"))
	s, err := wire.ParseAuthSession(r.raw)
	if r.status != http.StatusCreated || err != nil {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	b := newBrowser(f)
	b.submit(b.get(s.AuthURL), "connect")
	if _, got := f.authPoll(f.agent.Key, s.SessionToken, 0); got.Status != wire.SessionCompleted || got.UserToken == "" {
		t.Error(got.Status)
	}
}

func TestUserTokens(t *testing.T) {
	f := newFlowFixture(t)
	token, err := f.newUserToken(f.app.ID, "github|1")
	if err != nil {
		t.Fatal(err)
	}
	other, err := f.CreateApp(t.Context(), AppSpec{Name: "other"})
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	forged := base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"grantwire","aud":"` + f.app.ID + `","sub":"github|2","iat":0,"exp":9999999999}`))
	bad := map[string]string{
		"empty": "", "text": "x", "dots": "..", "no sum": parts[0] + "." + parts[1] + ".", "alg none": none + "." + parts[1] + ".",
		"alg none, signed": none + "." + parts[1] + "." + parts[2], "other claims": parts[0] + "." + forged + "." + parts[2],
		"longer": token + "A", "shorter": token[:len(token)-1], "more parts": token + ".x", "invalid UTF-8": "\xff" + token, "huge": strings.Repeat("x", 9000),
	}
	check := func(appID, token string) string {
		_, f := f.tokenSubject(appID, token)
		if f == nil {
			return ""
		}
		return f.code
	}
	for name, token := range bad {
		if got := check(f.app.ID, token); got != codeBadUserToken {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := check(other.ID, token); got != codeBadUserToken {
		t.Errorf("another app: %q", got)
	}
	if subject, fault := f.tokenSubject(f.app.ID, token); fault != nil || subject != "github|1" {
		t.Errorf("%q %v", subject, fault)
	}
	if r := f.post(other.Key, wire.PathVerifyToken, wire.MarshalVerifyToken(token)); r.status != 401 {
		t.Errorf("verify by another app: %d", r.status)
	}
	f.clock.add(userTokenLife)
	if got := check(f.app.ID, token); got != codeBadUserToken {
		t.Errorf("expired: %q", got)
	}
	f.clock.add(-userTokenLife - time.Minute)
	if got := check(f.app.ID, token); got != codeBadUserToken {
		t.Errorf("from the future: %q", got)
	}
}
