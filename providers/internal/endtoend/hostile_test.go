package endtoend_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

const (
	testKey   = "alter_key_test-secret-key-0123456789-abcdefghijkl_"
	testGrant = "22222222-2222-4222-8222-222222222222"
)

// parrot is a vault that repeats what it was sent, key and all, and whatever
// the row says.
func parrot(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("X-Api-Key")
		for _, name := range []string{"X-Request-ID", "X-Alter-Actor-ID", "Retry-After", "Location", "X-Ratelimit-Limit"} {
			w.Header().Set(name, key)
		}
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, strings.ReplaceAll(body, "ECHO", trimQuotes(marshal(key+" "+fmt.Sprint(r.Header)))))
	}
}

func hostileAnswers() map[string]http.HandlerFunc {
	token := func(more string) string {
		return `{"access_token":"` + plainToken + `","grant_id":"` + testGrant + `"` + more + `}`
	}
	return map[string]http.HandlerFunc{
		"401": parrot(401, jsonType, `{"error":"invalid_key","message":"ECHO","hint":"ECHO"}`), "403": parrot(403, jsonType, `{"error":"ECHO","message":"ECHO"}`),
		"404 nested": parrot(404, jsonType, `{"detail":{"error":"ECHO","message":"ECHO","agent_id":"ECHO"}}`), "409": parrot(409, jsonType, `{"error":"ambiguous_grant","grant_ids":["ECHO"],"message":"ECHO"}`),
		"422": parrot(422, jsonType, `{"detail":[{"msg":"ECHO"}]}`), "429": parrot(429, "text/plain", `ECHO`), "500 HTML": parrot(500, "text/html", `<b>ECHO`), "302": parrot(302, "", "ECHO"),
		"200 HTML": parrot(200, "text/html", "ECHO"), "no token": parrot(200, jsonType, `{"grant_id":"ECHO"}`), "202": parrot(202, jsonType, `{"approval_id":"ECHO"}`),
		"token of two lines": reply(200, jsonType, strings.Replace(token(""), "XYZ", `XYZ\n`, 1)), "no grant": reply(200, jsonType, `{"access_token":"`+plainToken+`"}`),
		"header forbidden": reply(200, jsonType, token(`,"injection_header":"Cookie"`)), "format without a place": reply(200, jsonType, token(`,"injection_format":"`+plainToken+`"`)),
		"AWS": reply(200, jsonType, token(`,"injection_format":"AWS4-HMAC-SHA256 {token}"`)), "injections odd": reply(200, jsonType, token(`,"additional_injections":[{"target":"`+plainToken+`"}]`)),
		"cut off": short(200, jsonType, token("")), "closed": rawReply(""), "malformed": rawReply("HTTP/1.1 200 OK\r\n" + testKey + "\r\n\r\n"),
	}
}

// TestHostileVault: a vault that is broken or hostile gets an error that holds
// neither the key nor what it made up.
func TestHostileVault(t *testing.T) {
	t.Parallel()
	for name, answer := range hostileAnswers() {
		for _, mode := range []vault.Mode{vault.Retrieve, vault.Proxy, vault.Auto} {
			t.Run(fmt.Sprint(name, " ", mode), func(t *testing.T) {
				t.Parallel()
				h, logs := newHunt(t, map[string]string{"key": testKey, "credential": plainToken}), &safeBuffer{}
				server := newServer(t, logs)
				server.script(answer)
				agent, err := vault.NewAgent(testKey, vault.WithBaseURL(server.URL), vault.WithMode(mode), vault.WithProviderTransport(failing{errors.New("not reached")}),
					vault.WithLogger(slog.New(slog.NewTextHandler(logs, nil))))
				if err != nil {
					t.Fatal(err)
				}
				_, err = github.New(agent.HTTPClient(vault.Grant(testGrant)), once()).GetRepo(t.Context(), "acme", "site")
				if _, ok := errors.AsType[*vault.Error](err); !ok {
					t.Errorf("%v", err)
				}
				_, errMe := agent.Me(t.Context())
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				defer cancel()
				h.errors("call, Me, Close", err, errMe, agent.Close(ctx))
				limit, _ := agent.RateLimit()
				h.value("rate limit", limit)
				h.value("agent", agent)
				h.text("logs", logs.String())
			})
		}
	}
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// leaky is a transport's error that shows the whole request in some forms.
type leaky struct{ header http.Header }

func (l *leaky) Error() string { return "transport failed" }

// TestTransportsThatTalk: a transport of somebody else may put the request into
// its error, also where Error() does not show it.
func TestTransportsThatTalk(t *testing.T) {
	t.Parallel()
	for _, s := range settings() {
		for name, fail := range map[string]func(*http.Request) error{
			"text":   func(r *http.Request) error { return fmt.Errorf("sending %v", r.Header) },
			"field":  func(r *http.Request) error { return &leaky{r.Header} },
			"deeper": func(r *http.Request) error { return fmt.Errorf("x: %w", &leaky{r.Header}) },
			"joined": func(r *http.Request) error { return errors.Join(io.EOF, &leaky{r.Header}) },
			"URL":    func(r *http.Request) error { return fmt.Errorf("sending to %s", r.URL) },
		} {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				network := roundTrip(func(r *http.Request) (*http.Response, error) { return nil, fail(r) })
				w := newWorld(t, plan{setting: s, credential: fullCredential(), network: network})
				// What the transport says of the caller's own values is not the vault's.
				h := newHunt(t, map[string]string{"credential": plainToken, "second credential": secondToken, "key": w.key})
				h.errors(name, w.callsWithSecrets()...)
				w.huntRest(h)
			})
		}
	}
}

// TestTransportThatPanics: what a program recovers and prints holds no
// credential, and the agent can still be closed.
func TestTransportThatPanics(t *testing.T) {
	t.Parallel()
	for _, s := range settings() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			network := roundTrip(func(r *http.Request) (*http.Response, error) { panic(fmt.Sprint("cannot send ", r.URL, r.Header)) })
			w := newWorld(t, plan{setting: s, credential: fullCredential(), network: network})
			h := newHunt(t, w.secrets(""))
			func() {
				defer func() {
					if p := recover(); p != nil {
						h.value("recovered panic", p)
					}
				}()
				_, err := w.github().GetRepo(w.ctx(), "acme", "site")
				h.errors("call", err)
			}()
			w.huntRest(h)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := w.agent.Close(ctx); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
}

// TestAuditEndpointFails: the call works, the fault is logged and counted, and
// the row says that nobody completed it.
func TestAuditEndpointFails(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"401": parrot(401, jsonType, `{"error":"ECHO","message":"ECHO"}`), "400": parrot(400, "text/html", "<b>ECHO"), "closed": rawReply(""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, plan{credential: fullCredential()})
			h := newHunt(t, w.secrets(""))
			agent := w.agentWithAudit(t, answer)
			w.provider.script(reply(200, jsonType, repository("", "")))
			if _, err := github.New(agent.HTTPClient(vault.Grant(w.grant)), api.WithBaseURL(w.provider.url())).GetRepo(w.ctx(), "acme", "site"); err != nil {
				t.Error(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
			defer cancel()
			err := agent.Close(ctx)
			if !errors.Is(err, vault.ErrAuditUndelivered) || agent.AuditStats().Failed != 1 {
				t.Errorf("%v, %+v", err, agent.AuditStats())
			}
			h.errors("Close", err)
			if !strings.Contains(w.logs.String(), "did not reach the vault") {
				t.Error("nothing was logged")
			}
			if rows := w.trail(); len(rows) != 1 || rows[0].Outcome != local.OutcomeIntent {
				t.Errorf("%+v", rows)
			}
			w.huntRest(h)
		})
	}
}

// agentWithAudit talks to the world's vault, whose audit endpoint is replaced.
func (w *world) agentWithAudit(t *testing.T, answer http.HandlerFunc) *vault.Agent {
	t.Helper()
	door := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/api-call") {
			answer(rw, r)
			return
		}
		w.vault.ServeHTTP(rw, r)
	}))
	door.Config.ErrorLog = log.New(w.logs, "", 0)
	door.Start()
	t.Cleanup(door.Close)
	agent, err := vault.NewAgent(w.key, vault.WithBaseURL(door.URL), vault.WithLogger(w.logger()))
	if err != nil {
		t.Fatal(err)
	}
	return agent
}

// TestVaultGone: no vault, no call; nothing is tried without it.
func TestVaultGone(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		if w.door != nil {
			w.door.Close()
		} else if err := w.vault.Close(); err != nil {
			t.Fatal(err)
		}
		h := newHunt(t, w.secrets(""))
		errs := w.callsWithSecrets()
		for _, i := range []int{0, 3} {
			if _, ok := errors.AsType[*vault.Error](errs[i]); !ok {
				t.Errorf("call %d: %v", i, errs[i])
			}
		}
		h.errors("gone", errs...)
		h.text("logs", w.logs.String())
		if n := len(w.provider.requests()); n != 0 {
			t.Errorf("the provider got %d requests", n)
		}
	})
}
