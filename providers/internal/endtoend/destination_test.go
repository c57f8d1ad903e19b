package endtoend_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/providers/slack"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// recordingNetwork makes no connection and remembers that one was asked for.
type recordingNetwork struct {
	mu    sync.Mutex
	asked []string
}

func (n *recordingNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, r.URL.Host)
	return nil, errors.New("no connection is made in this test")
}

func (n *recordingNetwork) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	asked := n.asked
	n.asked = nil
	return asked
}

// countingAEAD is a master key that counts how often a grant's data key was
// unwrapped: without that no credential can be read.
type countingAEAD struct {
	cipher.AEAD

	mu       sync.Mutex
	unsealed int
}

func newCountingAEAD(t *testing.T) *countingAEAD {
	t.Helper()
	block, err := aes.NewCipher(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return &countingAEAD{AEAD: aead}
}

func (a *countingAEAD) Encrypt(plain, data []byte) ([]byte, error) {
	nonce := make([]byte, a.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return a.Seal(nonce, nonce, plain, data), nil
}

func (a *countingAEAD) Decrypt(text, data []byte) ([]byte, error) {
	if bytes.Contains(data, []byte("\x00grant\x00")) {
		a.mu.Lock()
		a.unsealed++
		a.mu.Unlock()
	}
	return a.Open(nil, text[:a.NonceSize()], text[a.NonceSize():], data)
}

func (a *countingAEAD) take() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.unsealed
	a.unsealed = 0
	return n
}

// guarded is a world whose grant names api.github.com and a loopback address,
// and that makes no connection at all.
type guarded struct {
	*world

	network *recordingNetwork
	master  *countingAEAD
}

func newGuarded(t *testing.T, s setting) *guarded {
	t.Helper()
	g := &guarded{network: &recordingNetwork{}, master: newCountingAEAD(t)}
	g.world = newWorld(t, plan{setting: s, network: g.network, vaultOpts: []local.Option{local.WithMasterAEAD(g.master)}})
	g.grant = g.newGrant(local.GrantSpec{AgentID: g.agentID, Hosts: []string{"https://api.github.com", "http://127.0.0.1:8080", "https://[2001:db8::1]:8443"}})
	return g
}

// destinations are addresses that no grant of a guarded world names.
func destinations() map[string]string {
	return map[string]string{
		"other host": "https://evil.example/", "other port": "https://api.github.com:8443/", "port 80": "https://api.github.com:80/", "plain http": "http://api.github.com/",
		"other loopback port": "http://127.0.0.1:8081/", "no port": "http://127.0.0.1/", "https there": "https://127.0.0.1:8080/", "loopback name": "http://localhost:8080/", "loopback IPv6": "http://[::1]:8080/",
		"subdomain": "https://x.api.github.com/", "parent": "https://github.com/", "suffix": "https://api.github.com.evil.example/", "prefix": "https://evilapi.github.com/",
		"trailing dot": "https://api.github.com./", "two dots": "https://api.github.com../", "empty label": "https://api..github.com/",
		"user-info": "https://api.github.com@evil.example/", "user and password": "https://a:b@api.github.com/", "empty user": "https://@api.github.com/", "user looks like host": "https://evil.example:443@api.github.com/",
		"backslash": `https://evil.example\@api.github.com/`, "escaped at": "https://api.github.com%40evil.example/", "escaped dot": "https://api%2egithub.com/", "escaped slash": "https://api.github.com%2f.evil.example/",
		"Turkish i": "https://api.gıthub.com/", "Cyrillic": "https://аpi.github.com/", "Kelvin": "https://api.github.com.\u212A/", "full width": "https://ａpi.github.com/", "ideographic dot": "https://api。github。com/", "soft hyphen": "https://api.git\u00adhub.com/", "zero width": "https://api.git\u200bhub.com/",
		"punycode": "https://xn--api-github-com.example/", "sharp s": "https://api.githuß.com/",
		"0.0.0.0": "http://0.0.0.0:8080/", "short": "http://127.1:8080/", "decimal": "http://2130706433:8080/", "octal": "http://0177.0.0.1:8080/", "hex": "http://0x7f000001:8080/", "zero padded": "http://127.000.000.001:8080/", "padded decimal https": "https://127.0.0.01:8080/",
		"mapped IPv6": "http://[::ffff:127.0.0.1]:8080/", "mapped hex": "http://[::ffff:7f00:1]:8080/", "zone": "http://[::1%25lo]:8080/", "unspecified IPv6": "http://[::]:8080/", "NAT64": "https://[64:ff9b::7f00:1]:8080/",
		"other IPv6 port": "https://[2001:db8::1]/", "other IPv6": "https://[2001:db8::2]:8443/",
		"port 08080": "http://127.0.0.1:08080/", "port 65536": "http://127.0.0.1:65536/", "port 0": "https://api.github.com:0/", "port name": "https://api.github.com:https/", "port sign": "https://api.github.com:+443/", "empty port": "https://evil.example:/",
		"ftp": "ftp://api.github.com/", "file": "file:///etc/hosts", "opaque": "https:api.github.com/", "no scheme": "//api.github.com/", "gopher": "gopher://127.0.0.1:8080/", "unix": "unix:///run/x.sock", "metadata": "http://169.254.169.254/latest/", "link local https": "https://169.254.169.254/",
		"tab": "https://api.github.com\t.evil.example/", "space": "https://api.github.com .evil.example/", "newline": "https://api.github.com\n/", "NUL": "https://api.github.com\x00.evil.example/",
	}
}

// TestRefusedDestinations: a typed error, no connection, no unsealed credential,
// and a row for all that reached the vault.
func TestRefusedDestinations(t *testing.T) {
	t.Parallel()
	for _, s := range settings() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			g := newGuarded(t, s)
			g.checkAllowed(t)
			for name, target := range destinations() {
				g.checkRefused(t, name, target)
			}
			for _, e := range g.trail() {
				if e.Decision == local.DecisionDenied && (e.Outcome != local.OutcomeDenied || e.ReasonCode == "" || e.AgentID != g.agentID || e.RunID != "run-abc123" || strings.Contains(e.URL(), "@")) {
					t.Errorf("row %+v", e)
				}
			}
		})
	}
}

// checkAllowed makes sure that the refusals below prove something.
func (g *guarded) checkAllowed(t *testing.T) {
	t.Helper()
	for _, target := range []string{"https://api.github.com/user", "https://API.GitHub.com/user", "https://api.github.com:443/user", "http://127.0.0.1:8080/", "https://[2001:db8:0::0:1]:8443/"} {
		err := g.plain("GET", target, nil)
		if asked, unsealed := g.network.take(), g.master.take(); len(asked) != 1 || unsealed != 1 {
			t.Errorf("%s: %d connections, %d unsealed: %v", target, len(asked), unsealed, err)
		}
	}
}

func (g *guarded) checkRefused(t *testing.T, name, target string) {
	t.Helper()
	var err error
	row, one := g.oneNewRow(func() { err = g.plain("GET", target, nil) })
	if asked, unsealed := g.network.take(), g.master.take(); len(asked) != 0 || unsealed != 0 {
		t.Errorf("%s: connections to %q, %d credentials unsealed", name, asked, unsealed)
	}
	e, ok := errors.AsType[*vault.Error](err)
	switch {
	case err == nil:
		t.Errorf("%s: no error", name)
		return
	case !ok:
		if _, parse := http.NewRequestWithContext(context.Background(), http.MethodGet, target, nil); parse == nil {
			t.Errorf("%s: %T: %v", name, err, err)
		}
		return // net/http itself does not take the address
	case !errors.Is(err, vault.ErrBlockedDestination) && !errors.Is(err, vault.ErrInvalidInput):
		t.Errorf("%s: %v", name, err)
	}
	switch {
	case errors.Is(err, vault.ErrInvalidInput): // refused here; the vault was not asked
		if one {
			t.Errorf("%s: a row for a call that was refused before", name)
		}
	case !one || row.ReasonCode != e.Code || row.GrantID != g.grant:
		t.Errorf("%s: one new row: %t, %+v", name, one, row)
	}
}

// TestRefusedGrants: no grant, an unknown one, somebody else's, a revoked one.
func TestRefusedGrants(t *testing.T) {
	t.Parallel()
	for _, s := range settings() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			g := newGuarded(t, s)
			other, err := g.vault.CreateAgent(t.Context(), local.AgentSpec{Name: "other"})
			if err != nil {
				t.Fatal(err)
			}
			hosts := []string{"https://api.github.com"}
			foreign := g.newGrant(local.GrantSpec{AgentID: other.ID, Hosts: hosts})
			revoked := g.newGrant(local.GrantSpec{AgentID: g.agentID, Hosts: hosts})
			if err := g.vault.RevokeGrant(t.Context(), revoked); err != nil {
				t.Fatal(err)
			}
			for name, c := range map[string]struct {
				grant, code string
				is          error
			}{
				"none":    {"", "no_grant", vault.ErrNoGrant},
				"unknown": {"22222222-2222-4222-8222-222222222222", "grant_not_found", vault.ErrGrantNotFound}, "no UUID": {"mine", "grant_not_found", vault.ErrGrantNotFound},
				"somebody else's": {foreign, "grant_not_found", vault.ErrGrantNotFound}, "revoked": {revoked, "grant_revoked", vault.ErrGrantRevoked},
				"of another agent's ID": {other.ID, "grant_not_found", vault.ErrGrantNotFound}, "two": {foreign + "," + g.grant, "grant_not_found", vault.ErrGrantNotFound},
				"SQL": {g.grant + "' OR '1'='1", "grant_not_found", vault.ErrGrantNotFound}, "a pattern": {"%", "grant_not_found", vault.ErrGrantNotFound},
			} {
				var err error
				row, one := g.oneNewRow(func() {
					_, err = github.New(g.agent.HTTPClient(vault.Grant(c.grant)), once()).GetRepo(g.ctx(), "acme", "site")
				})
				e, ok := errors.AsType[*vault.Error](err)
				if !ok || e.Code != c.code || !errors.Is(err, c.is) {
					t.Errorf("%s: %v", name, err)
				}
				if asked, unsealed := g.network.take(), g.master.take(); len(asked) != 0 || unsealed != 0 {
					t.Errorf("%s: connections to %q, %d unsealed", name, asked, unsealed)
				}
				// Of a call without a grant the vault only knows that it came.
				if !one || row.Decision != local.DecisionDenied || c.grant != "" && row.ReasonCode != c.code {
					t.Errorf("%s: one new row: %t, %+v", name, one, row)
				}
			}
		})
	}
}

// TestWrongProvider: GitHub's grant is no good at Slack's address.
func TestWrongProvider(t *testing.T) {
	t.Parallel()
	for _, s := range settings() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			g := newGuarded(t, s)
			_, err := slack.New(g.agent.HTTPClient(), once()).ListConversations(g.ctx(), nil, vault.Grant(g.grant))
			if !errors.Is(err, vault.ErrBlockedDestination) {
				t.Error(err)
			}
			rows := g.trail()
			if n := len(rows); n != 1 || rows[0].Host != "https://slack.com" || rows[0].ClaimedOperation != "conversations_list" || rows[0].Outcome != local.OutcomeDenied {
				t.Errorf("%+v", rows)
			}
			if len(g.network.take()) != 0 || g.master.take() != 0 {
				t.Error("a connection was made or the credential unsealed")
			}
			if _, ok := errors.AsType[*api.TransportError](err); !ok {
				t.Errorf("%T", err)
			}
		})
	}
}
