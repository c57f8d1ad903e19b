package endtoend_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// tap keeps the bodies that the agent sends to one endpoint of the vault.
type tap struct {
	next http.RoundTripper
	path string

	mu     sync.Mutex
	bodies []string
}

func (p *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, p.path) || r.Body == nil {
		return p.next.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.bodies = append(p.bodies, string(body))
	p.mu.Unlock()
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return p.next.RoundTrip(r)
}

// TestAuditReport: what goes to the vault about a call holds no credential, no
// query, no body, and nothing that the caller put where the credential goes.
func TestAuditReport(t *testing.T) {
	t.Parallel()
	credential := fullCredential()
	credential.Header, credential.Format = "X-Own-Auth", "token={token}"
	w := newWorld(t, plan{credential: credential})
	reports := &tap{next: w.vault, path: "/api-call"}
	network := loopbackOnly()
	defer network.CloseIdleConnections()
	agent, err := vault.NewAgent(w.key, vault.WithBackend(reports), vault.WithProviderTransport(network))
	if err != nil {
		t.Fatal(err)
	}
	w.agent = agent
	w.provider.script(func(rw http.ResponseWriter, r *http.Request) {
		if got := r.Header.Values("X-Own-Auth"); len(got) != 1 || got[0] != "token="+plainToken || r.URL.Query().Get("key") != secondToken || r.Header.Get("X-Second") != secondToken {
			t.Errorf("the credential came as %d values", len(got))
		}
		reply(401, jsonType, `{"message":"`+bodySecret+`"}`, "X-Echo", r.Header.Get("X-Own-Auth"), "Set-Cookie", headerSecret)(rw, r)
	})
	req, err := http.NewRequestWithContext(vault.WithGrant(w.ctx(), w.grant), http.MethodPost, w.provider.URL+"/x?q="+querySecret+"&key=own", strings.NewReader(bodySecret))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"X-Own-Auth", "x-own-auth", "X-Second", "Authorization", "Cookie", "X-Api-Key", "X-Auth-Token"} {
		req.Header[name] = []string{headerSecret}
	}
	resp, err := agent.HTTPClient().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := agent.Close(ctx); err != nil {
		t.Error(err)
	}
	h := newHunt(t, w.secrets(""))
	if len(reports.bodies) != 1 || !strings.Contains(reports.bodies[0], `"response_status":401`) {
		t.Fatalf("reports: %q", reports.bodies)
	}
	h.text("audit report", reports.bodies[0])
	if rows := w.trail(); len(rows) != 1 || rows[0].Outcome != local.OutcomeCompleted || rows[0].Status != 401 {
		t.Errorf("%+v", rows)
	}
}

// TestEchoCutInTheCredential: an answer that breaks off in the middle of the
// credential shows most of it, which is as good as all.
func TestEchoCutInTheCredential(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		most := plainToken[:len(plainToken)-3]
		h := newHunt(t, map[string]string{"most of the credential": most})
		for _, answer := range []http.HandlerFunc{
			short(401, "text/plain", "no: "+most), short(200, "text/plain", "no: "+most), cutChunk(200, "text/html", "no: "+most), short(401, jsonType, `{"message":"`+most),
		} {
			w.provider.script(answer)
			w.callAll(h, echo{})
		}
	})
}
