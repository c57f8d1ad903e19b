package local

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// connected is a grant of the agent, made through the pages.
func (f *flowFixture) connected(ask wire.ConnectRequest) string {
	f.t.Helper()
	ask.Providers = []string{"github"}
	token := f.connect(f.agent.Key, ask)
	b := newBrowser(f)
	b.submit(b.get(pageBase+connectPath+token), "connect")
	s := f.poll(f.agent.Key, token)
	if s.Status != wire.SessionCompleted {
		f.t.Fatalf("%+v", s)
	}
	return s.Grants[0].GrantID
}

func (f *flowFixture) ask(grantID string) result {
	f.t.Helper()
	return f.token(grantID, f.server.URL+"/user", send{})
}

// TestRefreshOnce: however many calls find the token at its end, the provider
// is asked once, and all of them get the new token.
func TestRefreshOnce(t *testing.T) {
	f := newFlowFixture(t)
	id := f.connected(wire.ConnectRequest{})
	before := f.ask(id)
	f.server.set(func() { f.server.hold, f.server.entered = make(chan struct{}), make(chan struct{}, 100) })
	f.clock.add(time.Hour)
	const callers = 40
	results := make([]result, callers)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() { results[i] = f.ask(id) })
	}
	<-f.server.entered
	time.Sleep(20 * time.Millisecond) // most of the others have joined by now
	close(f.server.hold)
	wg.Wait()
	for i, r := range results {
		if r.status != 200 || r.str("access_token") != "test-secret-access-2" || r.str("token_generation") == before.str("token_generation") {
			t.Fatalf("call %d: %d %s", i, r.status, r.raw)
		}
	}
	if n := f.server.refreshCount(); n != 1 {
		t.Errorf("%d refreshes", n)
	}
	f.clock.add(time.Hour) // the refresh token was rotated: the next one must be the new one
	if r := f.ask(id); r.str("access_token") != "test-secret-access-3" {
		t.Errorf("next: %d %s", r.status, r.raw)
	}
}

func TestRefreshBeforeTheEnd(t *testing.T) {
	f := newFlowFixture(t)
	id := f.connected(wire.ConnectRequest{})
	f.clock.add(time.Hour - refreshBuffer - time.Second)
	if r := f.ask(id); r.str("access_token") != "test-secret-access-1" || f.server.refreshCount() != 0 {
		t.Errorf("early: %s", r.raw)
	}
	f.server.set(func() { f.server.fail = func() string { return "500" } })
	f.clock.add(2 * time.Second)
	if r := f.ask(id); r.status != 200 || r.str("access_token") != "test-secret-access-1" {
		t.Errorf("a token that still works is used when no other can be had: %d %s", r.status, r.raw)
	}
	f.clock.add(refreshBuffer)
	r := f.ask(id)
	if r.status != http.StatusServiceUnavailable || r.str("error") != codeRefreshFailed || strings.Contains(string(r.raw), "test-secret") {
		t.Errorf("expired, provider down: %d %s", r.status, r.raw)
	}
	if row := f.lastRow(); row.Outcome != OutcomeDenied || row.Decision != DecisionDenied || row.ReasonCode != codeRefreshFailed {
		t.Errorf("row %+v", row)
	}
	f.server.set(func() { f.server.fail = nil })
	if r := f.ask(id); r.status != 200 || r.str("access_token") != "test-secret-access-2" {
		t.Errorf("provider back: %d %s", r.status, r.raw)
	}
}

// TestRefreshRevoked: the provider's no ends the connection until its user
// connects it again, under the same grant.
func TestRefreshRevoked(t *testing.T) {
	f := newFlowFixture(t)
	id := f.connected(wire.ConnectRequest{})
	f.server.set(func() { clear(f.server.refreshes) })
	f.clock.add(2 * time.Hour)
	for range 2 {
		r := f.ask(id)
		if r.status != 400 || r.str("error") != codeCredentialRevoked || r.str("grant_id") != id || r.str("provider_id") != "github" {
			t.Fatalf("%d %s", r.status, r.raw)
		}
	}
	if n := f.server.refreshCount(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	rows := f.rows()
	if i := slices.IndexFunc(rows, func(e AuditEntry) bool { return e.Outcome == OutcomeIntent }); i >= 0 || rows[len(rows)-1].ReasonCode != codeCredentialRevoked {
		t.Errorf("rows %+v", rows)
	}
	t.Run("repair with another account", func(t *testing.T) {
		f.server.set(func() { f.server.account = "mallory" })
		token := f.connect(f.agent.Key, wire.ConnectRequest{Providers: []string{"github"}, RepairGrantID: strings.ToUpper(id)})
		b := newBrowser(f)
		if p := b.submit(b.get(pageBase+connectPath+token), "connect"); p.status != http.StatusConflict {
			t.Errorf("%d", p.status)
		}
		if r := f.ask(id); r.status != 400 {
			t.Errorf("%d", r.status)
		}
	})
	f.server.set(func() { f.server.account = "octo" })
	if again := f.connected(wire.ConnectRequest{RepairGrantID: id}); again != id {
		t.Errorf("repaired grant is %s, was %s", again, id)
	}
	if r := f.ask(id); r.status != 200 {
		t.Errorf("after the repair: %d %s", r.status, r.raw)
	}
}

func TestRefreshInProgress(t *testing.T) {
	f := newFlowFixture(t)
	id := f.connected(wire.ConnectRequest{})
	f.flows.wait = 50 * time.Millisecond
	hold := make(chan struct{})
	f.server.set(func() { f.server.hold = hold })
	f.clock.add(2 * time.Hour)
	if r := f.ask(id); r.status != 409 || r.str("error") != codeRefreshInProgress || r.str("grant_id") != id {
		t.Errorf("%d %s", r.status, r.raw)
	}
	close(hold)
	f.flows.wait = 0
	if r := f.ask(id); r.status != 200 || f.server.refreshCount() != 1 {
		t.Errorf("%d %s after %d refreshes", r.status, r.raw, f.server.refreshCount())
	}
}

// TestRefreshTwoProcesses: a second vault on the folder waits for the first
// one's refresh instead of spending the refresh token again.
func TestRefreshTwoProcesses(t *testing.T) {
	f := newFlowFixture(t)
	id := f.connected(wire.ConnectRequest{})
	second := f.open(WithProviderTransport(http.DefaultTransport))
	hold, entered := make(chan struct{}), make(chan struct{}, 2)
	f.server.set(func() { f.server.hold, f.server.entered = hold, entered })
	f.clock.add(2 * time.Hour)
	results := make(chan result, 2)
	go func() { results <- f.ask(id) }()
	<-entered
	go func() { results <- f.token(id, f.server.URL+"/user", send{over: second}) }()
	time.Sleep(50 * time.Millisecond)
	close(hold)
	for range 2 {
		if r := <-results; r.status != 200 || r.str("access_token") != "test-secret-access-2" {
			t.Errorf("%d %s", r.status, r.raw)
		}
	}
	if n := f.server.refreshCount(); n != 1 {
		t.Errorf("%d refreshes", n)
	}
}

// TestRefreshOutlivesCaller: a caller that goes away does not lose what the
// provider has rotated, and Close waits for it.
func TestRefreshOutlivesCaller(t *testing.T) {
	f := newFlowFixture(t)
	id := f.connected(wire.ConnectRequest{})
	hold, entered := make(chan struct{}), make(chan struct{}, 2)
	f.server.set(func() { f.server.hold, f.server.entered = hold, entered })
	f.clock.add(2 * time.Hour)
	f.flows.wait = time.Millisecond
	if r := f.ask(id); r.status != 409 {
		t.Errorf("%d", r.status)
	}
	<-entered
	closed := make(chan error)
	go func() { closed <- f.Close() }()
	select {
	case <-closed:
		t.Fatal("Close did not wait")
	case <-time.After(30 * time.Millisecond):
	}
	close(hold)
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	f.Vault = f.open(WithProviderTransport(http.DefaultTransport))
	if r := f.ask(id); r.status != 200 || r.str("access_token") != "test-secret-access-2" {
		t.Errorf("%d %s", r.status, r.raw)
	}
}

// TestRevokedWhileRefreshing: the provider's answer does not bring an erased
// credential back.
func TestRevokedWhileRefreshing(t *testing.T) {
	f := newFlowFixture(t)
	id := f.connected(wire.ConnectRequest{})
	hold, entered := make(chan struct{}), make(chan struct{}, 1)
	f.server.set(func() { f.server.hold, f.server.entered = hold, entered })
	f.clock.add(2 * time.Hour)
	f.flows.wait = time.Millisecond
	f.ask(id)
	<-entered
	if err := f.RevokeGrant(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	close(hold)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f.Vault = f.open()
	var left int
	err := f.store.read(t.Context(), func(ctx context.Context, q *statements) error {
		return q.scan(ctx, "SELECT (SELECT count(*) FROM connection_tokens) + (SELECT count(*) FROM connections WHERE id = ? AND credential IS NOT NULL)", []any{id}, []any{&left})
	})
	if err != nil || left != 0 {
		t.Errorf("%d secrets left, %v", left, err)
	}
}

// TestRejected: a provider's 401 for the present credential has it renewed; one
// for an older credential means nothing any more.
func TestRejected(t *testing.T) {
	f := newFlowFixture(t)
	id := f.connected(wire.ConnectRequest{})
	generation := f.ask(id).str("token_generation")
	for _, c := range []struct {
		generation string
		refreshes  int
	}{{newID(), 0}, {generation, 1}, {generation, 1}} {
		err := f.store.write(t.Context(), func(ctx context.Context, q *statements) error { return f.rejected(ctx, q, id, c.generation) })
		if err != nil {
			t.Fatal(err)
		}
		if r := f.ask(id); r.status != 200 || f.server.refreshCount() != c.refreshes {
			t.Errorf("%d %s after %d refreshes, want %d", r.status, r.raw, f.server.refreshCount(), c.refreshes)
		}
	}
}

func TestRefreshWithoutRotation(t *testing.T) {
	f := newFlowFixture(t)
	f.server.set(func() { f.server.norotate = true })
	id := f.connected(wire.ConnectRequest{})
	for i := range 3 {
		f.clock.add(2 * time.Hour)
		if r := f.ask(id); r.status != 200 {
			t.Fatalf("%d: %d %s", i, r.status, r.raw)
		}
	}
}

func TestTokenWithoutEnd(t *testing.T) {
	f := newFlowFixture(t)
	f.server.set(func() { f.server.life = 0 })
	id := f.connected(wire.ConnectRequest{})
	f.clock.add(1000 * time.Hour)
	if r := f.ask(id); r.status != 200 || f.server.refreshCount() != 0 {
		t.Errorf("%d %s", r.status, r.raw)
	}
}

func TestRefreshByProxy(t *testing.T) {
	f := newFlowFixture(t)
	id := f.connected(wire.ConnectRequest{})
	f.clock.add(2 * time.Hour)
	r := f.proxy(wire.ProxyRequest{GrantID: id, Method: http.MethodGet, URL: f.server.URL + "/user"}, send{})
	if r.status != 200 || f.server.refreshCount() != 1 {
		t.Errorf("%d %s", r.status, r.raw)
	}
}

// TestSecretsOfSessions: no page, answer, log, database byte or printed value
// holds what must not be seen.
func TestSecretsOfSessions(t *testing.T) {
	f := newFlowFixture(t)
	id := f.connected(wire.ConnectRequest{})
	f.clock.add(2 * time.Hour)
	f.ask(id)
	token := f.connect(f.app.Key, wire.ConnectRequest{Providers: []string{"github"}})
	newBrowser(f).get(pageBase + connectPath + token)
	needles := []string{"test-secret-access", "test-secret-refresh", testClientSecret, "test-secret-code", token, f.app.Key}
	for _, spec := range []any{f.server.spec(), new(f.server.spec())} {
		for _, needle := range needles {
			if strings.Contains(printed(spec), needle) {
				t.Errorf("a printed spec holds %.20q", needle)
			}
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	searchFiles(t, f.dir, needles)
}
