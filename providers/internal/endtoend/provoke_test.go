package endtoend_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/providers/slack"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// What a caller may put into a call, and what must not be found outside of it.
const (
	secondToken  = "test-secret-Second-9876543210"
	querySecret  = "test-secret-In-the-query"
	headerSecret = "test-secret-In-a-header"
	bodySecret   = "test-secret-In-the-body"
)

// fullCredential goes to every place that a credential may go to.
func fullCredential() local.Credential {
	return local.Credential{
		Token: plainToken, Additional: map[string]string{"second": secondToken},
		Injections: []local.Injection{{Query: true, Key: "key", From: "second"}, {Key: "X-Second", From: "second"}},
	}
}

// secrets lists everything planted in a world on disk.
func (w *world) secrets(folder string) map[string]string {
	w.t.Helper()
	mac := hmac.New(sha256.New, []byte(w.key))
	mac.Write([]byte("alter-signing-v1"))
	all := map[string]string{
		"credential": plainToken, "second credential": secondToken, "key": w.key, "key's random part": strings.TrimPrefix(w.key, "alter_key_"),
		"signing key": string(mac.Sum(nil)), "query value": querySecret, "header value": headerSecret, "body value": bodySecret,
	}
	if folder != "" {
		all["master key"] = string(masterKey(w.t, folder))
	}
	return all
}

func masterKey(t testing.TB, folder string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(folder, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(strings.TrimSpace(string(raw)), ":")
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != 32 {
		t.Fatalf("the key file is not what this test reads: %v", err)
	}
	return key
}

// TestNothingHoldsASecret provokes every failure with a vault on disk and
// searches errors, logs, rows, values and files.
func TestNothingHoldsASecret(t *testing.T) {
	t.Parallel()
	for _, s := range settings() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			folder, clock := t.TempDir(), &clock{}
			w := newWorld(t, plan{setting: s, folder: folder, credential: fullCredential(), vaultOpts: []local.Option{local.WithClock(clock.now)}})
			h := newHunt(t, w.secrets(folder))
			w.provider.script(reply(500, "text/html", "<b>no</b>"))
			w.provokeCalls(h)
			w.provokeGrants(h, clock)
			w.provokeTampering(h)
			w.huntRest(h)
			w.huntFiles(h, folder)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			h.value("Agent.Close", w.agent.Close(ctx))
			h.value("call of a closed agent", w.callsWithSecrets()[0])
			h.value("Vault.Close", w.vault.Close())
			w.huntFiles(h, folder)
			if len(h.seen) < 200 {
				t.Errorf("only %d texts were searched", len(h.seen))
			}
		})
	}
}

// clock is a vault's clock that can be moved.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time      { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) set(d time.Duration) { c.ahead.Store(int64(d)) }

// callsWithSecrets makes calls that carry secrets of the caller in each place
// that exists, and returns their errors.
func (w *world) callsWithSecrets(opts ...api.CallOption) []error {
	gh := w.github(api.WithHeader("X-Own", headerSecret), api.WithHeader("Authorization", "Bearer "+headerSecret), api.WithHeader("Cookie", headerSecret))
	sl := w.slack(api.WithHeader("X-Own", headerSecret))
	_, err1 := gh.ListRepos(w.ctx(), &github.ListReposParams{Sort: querySecret}, opts...)
	issue := newIssue(bodySecret)
	issue.Body = new(bodySecret)
	_, err2 := gh.CreateIssue(w.ctx(), "acme", "site", issue, opts...)
	_, err3 := sl.PostMessage(w.ctx(), slack.PostMessageRequest{Channel: "C1", Text: new(bodySecret)}, opts...)
	_, err4 := sl.ListConversations(w.ctx(), &slack.ListConversationsParams{Cursor: querySecret}, opts...)
	err5 := w.plain(http.MethodPost, w.provider.URL+"/x?q="+querySecret, strings.NewReader(`{"a":"`+bodySecret+`"}`))
	return []error{err1, err2, err3, err4, err5}
}

// plain makes a request with net/http alone.
func (w *world) plain(method, target string, body io.Reader) error {
	req, err := http.NewRequestWithContext(w.ctx(), method, target, body)
	if err != nil {
		return err
	}
	req.Header.Set("X-Own", headerSecret)
	req.Header.Set("Content-Type", "application/json")
	resp, err := w.client().Do(req)
	if err != nil {
		var hidden interface{ Unwrap() error }
		if errors.As(err, &hidden) { // the *url.Error of net/http shows the caller's own URL
			return hidden.Unwrap()
		}
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

func (h *hunt) errors(what string, errs ...error) {
	for i, err := range errs {
		if err != nil {
			h.value(fmt.Sprint(what, " ", i), err)
		}
	}
}

func (w *world) provokeCalls(h *hunt) {
	for name, answer := range map[string]http.HandlerFunc{
		"500": reply(500, "text/html", "<b>"), "401": reply(401, jsonType, `{"message":"no"}`), "broken": reply(200, jsonType, `{"a":`),
		"text": reply(200, "text/plain", "x"), "closed": rawReply(""), "malformed": rawReply("x\r\n\r\n"), "short": short(200, jsonType, "{}"), "302": reply(302, "", "", "Location", "/x"),
	} {
		w.provider.script(answer)
		h.errors(name, w.callsWithSecrets()...)
	}
	gh := w.github()
	_, err1 := gh.GetRepo(w.ctx(), "..", querySecret)
	_, err2 := gh.GetRepo(w.ctx(), "", querySecret)
	_, err3 := gh.CreateIssue(w.ctx(), "acme", "site", newIssue(bodySecret+"\xff"))
	_, err4 := gh.GetRepo(w.ctx(), "acme", "site", api.WithHeader("X-Own", headerSecret+"\r\nX: y"))
	_, err5 := gh.CreateIssue(w.ctx(), "acme", "site", github.CreateIssueRequest{Body: new(bodySecret)})
	ctx, cancel := context.WithCancel(w.ctx())
	cancel()
	_, err6 := gh.ListRepos(ctx, &github.ListReposParams{Sort: querySecret})
	for i, err := range []error{err1, err2, err3, err4, err5, err6} {
		if err == nil {
			h.fail("encoding fault %d was not refused", i)
		}
		h.errors("encode", err)
	}
	err := w.plain("GET", "http://user:"+querySecret+"@127.0.0.1/", nil)
	h.errors("user-info", err)
}

func (w *world) provokeGrants(h *hunt, c *clock) {
	ctx := context.Background()
	other, err := w.vault.CreateAgent(ctx, local.AgentSpec{Name: "other"})
	if err != nil {
		h.fail("%v", err)
		return
	}
	h.value("agent credentials", other)
	spec := local.GrantSpec{AgentID: w.agentID, Credential: fullCredential()}
	foreign := w.newGrant(local.GrantSpec{AgentID: other.ID, Credential: fullCredential()})
	revoked := w.newGrant(spec)
	spec.ExpiresAt = time.Now().Add(time.Minute)
	expiring := w.newGrant(spec)
	spec.ExpiresAt, spec.Hosts = time.Time{}, []string{w.other.URL}
	elsewhere := w.newGrant(spec)
	for form, text := range everyForm(spec) {
		if form != "%d" { // a field called Format leaves no room for the method that would hide it there
			h.text("grant spec "+form, text)
		}
	}
	h.errors("operator", w.vault.RevokeGrant(ctx, revoked))
	for name, id := range map[string]string{"foreign": foreign, "revoked": revoked, "elsewhere": elsewhere, "unknown": "22222222-2222-4222-8222-222222222222", "odd": "no grant"} {
		errs := w.callsWithSecrets(vault.Grant(id))
		h.errors(name, errs...)
		for _, i := range []int{0, 3} {
			if e, ok := errors.AsType[*vault.Error](errs[i]); !ok || e.Code == "" {
				h.fail("%s: call %d: %v", name, i, errs[i])
			}
		}
	}
	c.set(2 * time.Minute)
	h.errors("expired", w.callsWithSecrets(vault.Grant(expiring))...)
	c.set(time.Hour)
	h.errors("stale timestamp", w.callsWithSecrets()...)
	c.set(0)
	h.errors("operator", w.vault.PauseAgent(ctx, w.agentID))
	h.errors("paused", w.callsWithSecrets()...)
	h.errors("operator", w.vault.ResumeAgent(ctx, w.agentID))
	for _, bad := range []local.GrantSpec{
		{AgentID: w.agentID, Provider: "p", Hosts: []string{"https://u:" + querySecret + "@h"}, Credential: fullCredential()},
		{AgentID: w.agentID, Provider: "p", Hosts: []string{"https://h"}, Credential: local.Credential{Token: plainToken + "\n"}},
		{AgentID: w.agentID, Provider: "p", Hosts: []string{"https://h"}, Credential: local.Credential{Token: plainToken, Format: secondToken}},
	} {
		_, err := w.vault.CreateGrant(ctx, bad)
		if err == nil {
			h.fail("a bad grant was taken")
		}
		h.errors("bad grant", err)
	}
}

// tamper hands requests on after changing them.
type tamper struct {
	next   http.RoundTripper
	change func(*http.Request)
}

func (t tamper) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	t.change(r)
	return t.next.RoundTrip(r)
}

func (w *world) provokeTampering(h *hunt) {
	for name, change := range map[string]func(*http.Request){
		"body":      func(r *http.Request) { r.Body = io.NopCloser(bytes.NewReader([]byte("{}"))) },
		"signature": func(r *http.Request) { r.Header["X-Alter-Signature"] = []string{strings.Repeat("0", 64)} },
		"nonce":     func(r *http.Request) { r.Header["X-Alter-Nonce"] = []string{strings.Repeat("0", 32)} },
		"key":       func(r *http.Request) { r.Header["x-api-key"] = []string{"alter_key_" + strings.Repeat("A", 40)} },
		"no key":    func(r *http.Request) { delete(r.Header, "x-api-key") },
		"path":      func(r *http.Request) { r.URL.Path = "/sdk/none" },
	} {
		agent, err := vault.NewAgent(w.key, vault.WithBackend(tamper{w.vault, change}), vault.WithLogger(w.logger()), vault.WithMode(w.agent.Mode()))
		if err != nil {
			h.fail("%v", err)
			continue
		}
		_, err = github.New(agent.HTTPClient(vault.Grant(w.grant)), api.WithBaseURL(w.provider.url()), once()).GetRepo(w.ctx(), "acme", "site")
		if _, ok := errors.AsType[*vault.Error](err); !ok {
			h.fail("%s: %v", name, err)
		}
		h.errors("tampered "+name, err)
		_, err = agent.Me(w.ctx())
		h.errors("tampered "+name, err)
	}
}

// huntFiles searches every file of the vault but the key file, whose content is
// the key.
func (w *world) huntFiles(h *hunt, folder string) {
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) < 2 {
		h.fail("%d files: %v", len(entries), err)
	}
	for _, entry := range entries {
		raw, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			h.fail("%v", err)
			continue
		}
		if entry.Name() == "master.key" {
			keys := h.secrets["master key"]
			delete(h.secrets, "master key")
			h.text(entry.Name(), string(raw))
			h.secrets["master key"] = keys
			continue
		}
		h.text(entry.Name(), string(raw))
	}
}
