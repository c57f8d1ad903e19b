package local

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// TestPages is what protects the hosted pages.
func TestPages(t *testing.T) {
	f := newFlowFixture(t)
	token := f.connect(f.agent.Key, wire.ConnectRequest{Providers: []string{"github"}})
	link := pageBase + connectPath + token
	b := newBrowser(f)
	page := b.get(link)
	csp := page.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self' " + f.server.URL, "style-src 'nonce-"} {
		if !strings.Contains(csp, want) {
			t.Errorf("policy %q lacks %q", csp, want)
		}
	}
	if strings.Contains(page.text, "<script") || !strings.Contains(page.text, "prefers-color-scheme: dark") || page.header.Get("Referrer-Policy") != "no-referrer" || page.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", page.header)
	}
	if c := page.header.Get("Set-Cookie"); !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") {
		t.Errorf("cookie %q", c)
	}
	form := page.forms()[0]
	t.Run("another browser's form", func(t *testing.T) {
		other := newBrowser(f)
		if p := other.seen(other.client.PostForm(link, form)); p.status != http.StatusForbidden {
			t.Errorf("without a cookie: %d", p.status)
		}
		other.get(link)
		if p := other.seen(other.client.PostForm(link, form)); p.status != http.StatusForbidden {
			t.Errorf("with its own cookie: %d", p.status)
		}
	})
	t.Run("forged form", func(t *testing.T) {
		for _, csrf := range []string{"", "x"} {
			if p := b.seen(b.client.PostForm(link, url.Values{"action": {"cancel"}, "csrf": {csrf}})); p.status != http.StatusForbidden {
				t.Errorf("csrf %q: %d", csrf, p.status)
			}
		}
		req, _ := http.NewRequest(http.MethodPost, link, strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		if p := b.seen(b.client.Do(req)); p.status != http.StatusForbidden {
			t.Errorf("cross-site: %d", p.status)
		}
	})
	t.Run("unknown", func(t *testing.T) {
		for _, path := range []string{connectPath, connectPath + "x", connectPath + token + "/x", signInPath + token, callbackPath + "github", callbackPath + "github?state=x&code=y"} {
			if p := b.get(pageBase + path); p.status < 400 || p.status > 499 {
				t.Errorf("%s: %d", path, p.status)
			}
		}
	})
	if s := f.poll(f.agent.Key, token); s.Status != wire.SessionPending {
		t.Errorf("an attack ended the session: %+v", s)
	}
}

// TestCallbackOnce: a state belongs to one browser, one provider and one use.
func TestCallbackOnce(t *testing.T) {
	f := newFlowFixture(t)
	spec := f.server.spec()
	spec.ID, spec.SignIn = "second", false
	f.provider(spec)
	token := f.connect(f.agent.Key, wire.ConnectRequest{Providers: []string{"github", "second"}})
	b := newBrowser(f)
	page := b.get(pageBase + connectPath + token)
	b.stopAt = pageBase + callbackPath
	answer := b.submit(page, "connect", "provider", "github").location
	b.stopAt = ""
	if !strings.HasPrefix(answer, pageBase+callbackPath+"github?") {
		t.Fatalf("answer %s", answer)
	}
	if p := newBrowser(f).get(answer); p.status != http.StatusBadRequest {
		t.Errorf("another browser: %d", p.status)
	}
	if p := b.get(strings.Replace(answer, "/github?", "/second?", 1)); p.status != http.StatusBadRequest {
		t.Errorf("another provider: %d", p.status)
	}
	if p := b.get(answer); p.status != http.StatusOK {
		t.Errorf("the right one: %d %s", p.status, p.text)
	}
	if p := b.get(answer); p.status != http.StatusBadRequest {
		t.Errorf("again: %d", p.status)
	}
	b.submit(b.get(pageBase+connectPath+token), "finish")
	s := f.poll(f.agent.Key, token)
	if len(s.Grants) != 1 {
		t.Errorf("%+v", s)
	}
}
