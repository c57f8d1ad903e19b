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
