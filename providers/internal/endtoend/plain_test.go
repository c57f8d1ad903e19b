package endtoend_test

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// sdk is a client in the manner of go-github: it knows nothing of the vault, it
// has an http.Client, sets its own headers and reads errors from statuses.
type sdk struct {
	http *http.Client
	base string
}

func (s sdk) do(ctx context.Context, method, path string, in, out any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		raw, err := stdjson.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = strings.NewReader(string(raw))
	}
	req, err := http.NewRequestWithContext(ctx, method, s.base+path, body)
	if err != nil {
		return nil, err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("Authorization", "Bearer of-the-sdk-itself")
	req.Header.Set("Traceparent", traceparent)
	resp, err := s.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 400 {
		return resp, errors.New(resp.Status)
	}
	return resp, stdjson.NewDecoder(resp.Body).Decode(out)
}

// TestHandWrittenSDK: the grant comes with the context, the credential with the
// transport, and the trail names the operation all the same.
func TestHandWrittenSDK(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		s := sdk{w.agent.HTTPClient(), w.provider.URL}
		w.provider.script(func(rw http.ResponseWriter, r *http.Request) {
			got, err := io.ReadAll(r.Body)
			if r.Method == http.MethodPost && (err != nil || !strings.Contains(string(got), `"title"`)) {
				t.Errorf("body %q: %v", got, err)
			}
			reply(200, jsonType, repository("", ""), "Etag", `"e"`)(rw, r)
		})
		var repo struct{ Name string }
		ctx := vault.WithGrant(w.ctx(), w.grant)
		resp, err := s.do(ctx, http.MethodGet, "/repos/acme/site?per_page=3", nil, &repo)
		if err != nil || repo.Name != "site" || resp.Header.Get("Etag") != `"e"` || resp.Request.Header.Get("Authorization") != "Bearer of-the-sdk-itself" {
			t.Errorf("%+v: %v", repo, err)
		}
		if _, err := s.do(ctx, http.MethodPost, "/repos/acme/site/issues", map[string]string{"title": "Lamp"}, &repo); err != nil {
			t.Error(err)
		}
		checkDelivery(t, w.provider, plainToken)
		if q := w.provider.requests()[0].URL.RawQuery; q != "per_page=3" {
			t.Errorf("query %q", q)
		}
		rows := w.trail()
		if len(rows) != 2 || rows[0].Operation != "repos/get" || rows[1].Operation != "issues/create" || rows[0].ClaimedOperation != "" {
			t.Fatalf("%+v", rows)
		}
		for _, e := range rows {
			if e.Outcome != local.OutcomeCompleted || e.Status != 200 || e.RunID != "run-abc123" || e.Reason != "a test" || e.Traceparent != traceparent || e.CallID == "" || strings.Contains(e.Path, "?") {
				t.Errorf("%+v", e)
			}
		}
	})
}

// TestHandWrittenSDKRefused: net/http wraps the vault's error, which is found
// behind it, and an error status of the provider is a response.
func TestHandWrittenSDKRefused(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		s := sdk{w.agent.HTTPClient(), w.provider.URL}
		w.provider.script(reply(404, jsonType, `{}`))
		_, err := s.do(w.ctx(), http.MethodGet, "/x", nil, nil)
		if !errors.Is(err, vault.ErrNoGrant) {
			t.Error(err)
		}
		_, err = s.do(vault.WithGrant(w.ctx(), testGrant), http.MethodGet, "/x", nil, nil)
		if !errors.Is(err, vault.ErrGrantNotFound) || !errors.Is(err, vault.ErrAgentDelegationMissing) {
			t.Error(err)
		}
		_, err = sdk{s.http, w.other.URL}.do(vault.WithGrant(w.ctx(), w.grant), http.MethodGet, "/x", nil, nil)
		if !errors.Is(err, vault.ErrBlockedDestination) {
			t.Error(err)
		}
		if len(w.provider.requests())+len(w.other.requests()) != 0 {
			t.Error("a refused call was sent")
		}
		resp, err := s.do(vault.WithGrant(w.ctx(), w.grant), http.MethodGet, "/x", nil, nil)
		if resp == nil || resp.StatusCode != 404 || err == nil {
			t.Errorf("%v", err)
		}
		for name, change := range map[string]func(*http.Request){
			"Host": func(r *http.Request) { r.Host = "evil.example" }, "override": func(r *http.Request) { r.Header.Set("X-HTTP-Method-Override", "DELETE") },
		} {
			req, err := http.NewRequestWithContext(vault.WithGrant(w.ctx(), w.grant), http.MethodGet, w.provider.URL+"/x", nil)
			if err != nil {
				t.Fatal(err)
			}
			change(req)
			resp, err := s.http.Do(req)
			if err == nil {
				_ = resp.Body.Close()
			}
			if !errors.Is(err, vault.ErrInvalidInput) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestProxyCarriesJSONOnly: a body that the mode cannot carry is refused before
// anything is sent. Slack's forms are such bodies.
func TestProxyCarriesJSONOnly(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		w.provider.script(reply(200, jsonType, `{"ok":true,"ts":"1"}`))
		err := w.callsWithSecrets()[2]
		if w.agent.Mode() != vault.Proxy {
			if err != nil || len(w.provider.requests()) == 0 {
				t.Error(err)
			}
			return
		}
		if _, ok := errors.AsType[*api.TransportError](err); !ok || !errors.Is(err, vault.ErrUnsupportedBody) {
			t.Errorf("%T: %v", err, err)
		}
		for _, e := range w.trail() {
			if strings.HasPrefix(e.ClaimedOperation, "chat_") {
				t.Errorf("the vault was asked: %+v", e)
			}
		}
	})
}

// TestProxyOnlyGrant: retrieve is refused, auto goes through the proxy.
func TestProxyOnlyGrant(t *testing.T) {
	t.Parallel()
	for _, mode := range []vault.Mode{vault.Retrieve, vault.Auto} {
		w := newWorld(t, plan{setting: setting{mode: mode}, proxyOnly: true})
		w.provider.script(reply(200, jsonType, repository("", "")))
		_, err := getRepo(w.ctx(), w)
		rows := w.trail()
		switch {
		case mode == vault.Retrieve:
			if !errors.Is(err, vault.ErrRequiresProxy) || len(rows) != 1 || rows[0].Outcome != local.OutcomeDenied || len(w.provider.requests()) != 0 {
				t.Errorf("%v, %+v", err, rows)
			}
		case err != nil || len(rows) != 2 || rows[1].Mode != local.ModeProxy || rows[1].Outcome != local.OutcomeCompleted:
			t.Errorf("%v, %+v", err, rows)
		}
		checkDelivery(t, w.provider, plainToken)
	}
}

// TestKeyInTheWrongPlace: a caller who mixes up key, token and grant does not
// read the secret in the error.
func TestKeyInTheWrongPlace(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		h := newHunt(t, w.secrets(""))
		for _, wrong := range []string{w.key, plainToken} {
			_, err := w.github().GetRepo(w.ctx(), "acme", "site", vault.Grant(wrong))
			if !errors.Is(err, vault.ErrGrantNotFound) && !errors.Is(err, vault.ErrInvalidInput) {
				t.Error(err)
			}
			h.errors("as a grant", err)
		}
		w.huntRest(h)
	})
	h := newHunt(t, map[string]string{"key": testKey, "credential": plainToken})
	for _, opts := range [][]vault.Option{
		{vault.WithBaseURL("https://user:" + plainToken + "@vault.example")}, {vault.WithBaseURL("https://vault.example?key=" + plainToken)}, {vault.WithBaseURL("http://" + plainToken)}, {vault.WithCaller(plainToken + "\n")},
	} {
		_, err := vault.NewAgent(testKey, opts...)
		h.errors("constructor", err)
		if err == nil {
			t.Error("a bad option was taken")
		}
		for _, o := range opts {
			h.value("option", o)
		}
	}
	for _, key := range []string{testKey + "\n", testKey + "x", plainToken, ""} {
		_, err := vault.NewAgent(key)
		h.errors("bad key", err)
		if err == nil {
			t.Error("a bad key was taken")
		}
	}
	h.value("call options", []vault.CallOption{vault.Grant(testGrant), vault.Reason(plainToken), vault.Context(map[string]string{"a": plainToken})})
	h.value("local option", local.WithMasterKey([]byte(plainToken)))
}
