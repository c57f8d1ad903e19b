package local

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

func (a *appFixture) scopeList(key string) result {
	a.t.Helper()
	return a.ask(send{key: key, method: "GET", path: "/sdk/scopes"})
}

func (a *appFixture) limited(r result, code, scope string, wait int) {
	a.t.Helper()
	a.want(r, 429, code)
	if r.header.Get("Retry-After") != strconv.Itoa(wait) || r.header.Get("X-Alter-Rate-Limited-Scope") != scope {
		a.t.Errorf("Retry-After %q of %q, want %d of %s", r.header.Get("Retry-After"), r.header.Get("X-Alter-Rate-Limited-Scope"), wait, scope)
	}
	if code == "rate_limit_exceeded" && r.str("scope") != scope {
		a.t.Errorf("%s", r.raw)
	}
}

// TestRateLimits: in the order address, key, app, each by itself; the headers
// are of the tightest one.
func TestRateLimits(t *testing.T) {
	a := newAppFixture(t, InMemory(), WithRateLimits(RateLimits{PerKey: 3, PerApp: 5}))
	for left := 2; left >= 0; left-- {
		r := a.want(a.scopeList(a.app.Key), 200, "")
		got, ok := wire.ParseRateLimit(r.header, a.clock.now())
		if !ok || got.Limit != 3 || got.Remaining != int64(left) || got.Reset.Unix() != testTime.Unix()+61 {
			t.Errorf("%+v %v", got, ok)
		}
	}
	rows := len(a.rows())
	a.limited(a.scopeList(a.app.Key), "rate_limit_exceeded", "api_key", 61)
	token := send{key: a.app.Key, method: "POST", path: wire.PathToken, body: wire.TokenRequest{GrantID: a.grant.ID, Method: "GET", URL: "https://api.github.com/"}.Marshal()}
	a.limited(a.ask(token), "rate_limit_exceeded", "api_key", 61)
	if len(a.rows()) != rows {
		t.Error("a refusal for a limit left an audit row")
	}
	// Before the signature is looked at.
	token.change = func(r *http.Request) { r.Header.Del(wire.HeaderSignature) }
	a.limited(a.ask(token), "rate_limit_exceeded", "api_key", 61)
	for range 2 { // the agent's key is another, its app the same
		a.want(a.scopeList(a.agent.Key), 200, "")
	}
	a.limited(a.scopeList(a.agent.Key), "rate_limit_exceeded", "organization", 61)
	a.want(a.scopeList(a.foreign.Key), 200, "") // another app
	a.clock.add(60 * time.Second)
	a.limited(a.scopeList(a.app.Key), "rate_limit_exceeded", "api_key", 1)
	a.clock.add(time.Second)
	a.want(a.scopeList(a.app.Key), 200, "")
}

func TestAddressLimit(t *testing.T) {
	a := newAppFixture(t, InMemory(), WithRateLimits(RateLimits{PerAddress: 2}))
	stranger := send{key: wire.NewScopedKey(wire.KeyRuntime), method: "GET", path: "/sdk/scopes"}
	for range 2 { // unknown keys count, too
		a.want(a.ask(stranger), 401, codeInvalidKey)
	}
	a.limited(a.scopeList(a.app.Key), "rate_limit_exceeded", "ip", 61)
	from := func(remote string) int {
		r := a.request(send{key: a.app.Key, method: "GET", path: "/sdk/scopes"})
		r.RemoteAddr = remote
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		return w.Code
	}
	for i, want := range []int{200, 200, 429} { // one network
		if got := from("[2001:db8::" + strconv.Itoa(i) + "]:1"); got != want {
			t.Errorf("%d: %d, want %d", i, got, want)
		}
	}
	for i, want := range []int{200, 200} {
		if got := from("192.0.2." + strconv.Itoa(i+1) + ":1"); got != want {
			t.Errorf("%d: %d, want %d", i, got, want)
		}
	}
}

func TestQuotas(t *testing.T) {
	a := newAppFixture(t, InMemory(), WithRateLimits(RateLimits{Quotas: []Quota{{"minute", 2}, {"day", 3}}}))
	for range 2 {
		a.want(a.scopeList(a.app.Key), 200, "")
	}
	a.clock.add(30 * time.Second)
	a.limited(a.scopeList(a.agent.Key), "quota_exceeded", "organization", 30)
	a.clock.add(30 * time.Second)
	a.want(a.scopeList(a.app.Key), 200, "")
	a.limited(a.scopeList(a.app.Key), "quota_exceeded", "organization", 12*3600-60) // to the end of the day
	a.clock.add(12 * time.Hour)
	a.want(a.scopeList(a.app.Key), 200, "")
}

// TestQuotasOutliveTheVault: closed or killed, what was used stays used.
func TestQuotasOutliveTheVault(t *testing.T) {
	limits := WithRateLimits(RateLimits{Quotas: []Quota{{"hour", 100}, {"month", 5}}})
	a := newAppFixture(t, limits)
	left := func() int {
		t.Helper()
		got, ok := wire.ParseRateLimit(a.want(a.scopeList(a.app.Key), 200, "").header, a.clock.now())
		if !ok {
			t.Fatal("no budget")
		}
		return int(got.Remaining)
	}
	for i := range 2 {
		if n := left(); n != 4-i {
			t.Errorf("%d left", n)
		}
	}
	a.must(a.Close())
	a.Vault = a.open(limits)
	if n := left(); n != 2 {
		t.Errorf("%d left after it was closed", n)
	}
	a.clock.add(2 * time.Second)
	left()                             // hands the counts over
	a.must(a.store.flush(t.Context())) // as the next change does
	// The process is as good as killed: nobody closes its vault.
	killed := a.Vault
	a.Vault = a.open(limits)
	if n := left(); n != 0 {
		t.Errorf("%d left after it was killed", n)
	}
	a.limited(a.scopeList(a.app.Key), "quota_exceeded", "organization", 31*24*3600-12*3600-2)
	// The other process knows a second later.
	a.clock.add(2 * time.Second)
	a.must(a.store.write(t.Context(), a.limiter.save))
	a.must(killed.store.write(t.Context(), killed.limiter.save))
	a.clock.add(31 * 24 * time.Hour) // the next month
	if n := left(); n != 4 {
		t.Errorf("%d left in the next month", n)
	}
}

// TestQuotasThatWereNotSaved: what the database did not take is not forgotten.
func TestQuotasThatWereNotSaved(t *testing.T) {
	a := newAppFixture(t, InMemory(), WithRateLimits(RateLimits{Quotas: []Quota{{"day", 5}, {"month", 100}}}))
	count := func() {
		t.Helper()
		a.want(a.scopeList(a.app.Key), 200, "")
		a.must(a.store.flush(t.Context()))
		a.clock.add(2 * time.Second)
	}
	count()
	a.must(a.store.write(t.Context(), execOnly("CREATE TRIGGER full BEFORE INSERT ON quota_counts WHEN new.span = 'month' BEGIN SELECT RAISE(ABORT, 'full'); END")))
	for range 3 {
		count()
	}
	a.must(a.store.write(t.Context(), execOnly("DROP TRIGGER full")))
	count()
	a.want(a.scopeList(a.app.Key), 429, "quota_exceeded")
}

// TestQuotasOfTwoProcesses: they share a quota, a second late.
func TestQuotasOfTwoProcesses(t *testing.T) {
	limits := WithRateLimits(RateLimits{Quotas: []Quota{{"day", 10}}})
	a := newAppFixture(t, limits)
	other := a.open(limits)
	passed := 0
	for range 20 {
		for _, v := range []*Vault{a.Vault, other} {
			r := a.do(send{key: a.app.Key, method: "GET", path: "/sdk/scopes", over: v})
			if r.status == 200 {
				passed++
			}
			a.must(v.store.flush(t.Context()))
		}
		a.clock.add(time.Second)
	}
	if passed < 10 || passed > 12 {
		t.Errorf("%d passed, want 10, or one more of each process", passed)
	}
}

// TestClockSetBack: a clock that goes back an hour locks nobody out for it.
func TestClockSetBack(t *testing.T) {
	a := newAppFixture(t, InMemory(), WithRateLimits(RateLimits{PerKey: 1, Quotas: []Quota{{"hour", 1}}}))
	a.want(a.scopeList(a.app.Key), 200, "")
	a.clock.add(-time.Hour)
	a.want(a.scopeList(a.app.Key), 200, "")
	a.limited(a.scopeList(a.app.Key), "rate_limit_exceeded", "api_key", 61)
}

// TestKeysTellTheirLimit: what an API key's record says is what holds.
func TestKeysTellTheirLimit(t *testing.T) {
	a := newAppFixture(t, InMemory(), WithRateLimits(RateLimits{PerKey: 7}))
	k := a.minted(a.derive(a.app.Key, wire.KeyDerive{Scopes: []string{"grants:read"}, ExpiresIn: 60}))
	if k.EffectiveRateLimitRPM == nil || *k.EffectiveRateLimitRPM != 7 || k.RateLimitSource != "platform_default" {
		t.Errorf("%+v", k.APIKeyInfo)
	}
}

func TestNoLimitsNoHeaders(t *testing.T) {
	a := newAppFixture(t, InMemory())
	if got, ok := wire.ParseRateLimit(a.scopeList(a.app.Key).header, a.clock.now()); ok {
		t.Errorf("%+v", got)
	}
	for _, bad := range []RateLimits{{PerKey: -1}, {Quotas: []Quota{{"week", 1}}}, {Quotas: []Quota{{"day", 0}}}} {
		if _, err := Open("", InMemory(), WithRateLimits(bad)); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

// TestWindowSlides: no 60 seconds have more than the limit, whatever the second.
func TestWindowSlides(t *testing.T) {
	l := newLimiter(&RateLimits{PerKey: 5})
	var passed []time.Time
	for i := range 2000 {
		now := testTime.Add(time.Duration(i*i%977+i*300) * time.Millisecond)
		if len(passed) > 0 && now.Before(passed[len(passed)-1]) {
			continue
		}
		rq := &request{who: principal{keyID: "k"}}
		if l.principal(rq, now) == nil {
			passed = append(passed, now)
		}
	}
	for i := 5; i < len(passed); i++ {
		if d := passed[i].Sub(passed[i-5]); d < windowSeconds*time.Second {
			t.Errorf("6 requests in %v", d)
		}
	}
	if len(passed) < 40 {
		t.Errorf("%d passed", len(passed))
	}
}
