package vaulttest_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
	"github.com/grantwire/grantwire/runtime/vault/vaulttest"
)

const userURL = "https://api.github.com/user"

// failures is a testing.TB that keeps what it is told.
type failures struct {
	*testing.T

	mu    sync.Mutex
	texts []string
}

func (f *failures) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.texts = append(f.texts, fmt.Sprintf(format, args...))
}

func (f *failures) Fatalf(format string, args ...any) { f.Errorf(format, args...) }

func (f *failures) want(text string) {
	f.Helper()
	if len(f.texts) != 1 || !strings.Contains(f.texts[0], text) {
		f.T.Errorf("failures %q, want one with %q", f.texts, text)
	}
	f.texts = nil
}

func call(c *http.Client, method, url, body string) (int, string, error) {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

func TestBothModesGetTheScriptedAnswer(t *testing.T) {
	for _, mode := range []vault.Mode{vault.Retrieve, vault.Proxy, vault.Auto} {
		t.Run(mode.String(), func(t *testing.T) {
			v := vaulttest.New(t)
			grant := v.Grant("github", "https://api.github.com")
			v.Answer("POST", userURL, 201, `{"made":true}`)
			client := v.Agent(vault.WithMode(mode)).HTTPClient(vault.Grant(grant))
			status, body, err := call(client, "POST", userURL+"?q=1", `{"a":1}`)
			if status != 201 || body != `{"made":true}` || err != nil {
				t.Fatal(status, body, err)
			}
			got := v.Requests()
			if len(got) != 1 || got[0].GrantID != grant || got[0].URL != userURL+"?q=1" || string(got[0].Body) != `{"a":1}` ||
				got[0].Header.Get("Authorization") != "Bearer "+v.Token(grant) {
				t.Errorf("%v grant %s body %s", got, got[0].GrantID, got[0].Body)
			}
			v.HasRows(vaulttest.Row{
				GrantID: grant, AgentID: v.AgentID(""), Method: "POST", Status: 201, Provider: "github",
				Decision: local.DecisionAllowed, Outcome: local.OutcomeCompleted,
			})
		})
	}
}

func TestScriptOrderAndFaults(t *testing.T) {
	v := vaulttest.New(t)
	client := v.Agent().HTTPClient(vault.Grant(v.Grant("github", "https://api.github.com")))
	v.Break("GET", userURL, io.ErrUnexpectedEOF)
	v.Answer("GET", userURL, 500, `{}`)
	v.Answer("", "", 200, `"last"`)
	if _, _, err := call(client, "GET", userURL, ""); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	for _, want := range []int{500, 200, 200} {
		if status, _, err := call(client, "GET", userURL, ""); status != want || err != nil {
			t.Error(status, err, want)
		}
	}
}

func TestGrantOptions(t *testing.T) {
	v := vaulttest.New(t)
	v.Answer("", "", 200, `{}`)
	grant := v.Grant("github", "https://api.github.com", vaulttest.For("other"), vaulttest.ProxyOnly(), vaulttest.Label("l"),
		vaulttest.Account("octo"), vaulttest.Scopes("repo"), vaulttest.Hosts("https://uploads.github.com"),
		vaulttest.Credential(local.Credential{Token: "test-secret-own", Header: "X-Key", Format: "{token}"}))
	if _, _, err := call(v.Agent().HTTPClient(vault.Grant(grant)), "GET", userURL, ""); !errors.Is(err, vault.ErrGrantNotFound) {
		t.Error("another agent's grant:", err)
	}
	other := v.AgentNamed("other", vault.WithMode(vault.Proxy)).HTTPClient(vault.Grant(grant))
	if status, _, err := call(other, "GET", "https://uploads.github.com/x", ""); status != 200 || err != nil {
		t.Error(status, err)
	}
	if got := v.Requests(); len(got) != 1 || got[0].Header.Get("X-Key") != "test-secret-own" || got[0].GrantID != grant {
		t.Error(got)
	}
	v.Delegate(grant, "")
	if status, _, err := call(v.Agent(vault.WithMode(vault.Proxy)).HTTPClient(vault.Grant(grant)), "GET", userURL, ""); status != 200 || err != nil {
		t.Error(status, err)
	}
	v.RevokeGrant(grant)
	if _, _, err := call(other, "GET", userURL, ""); !errors.Is(err, vault.ErrGrantRevoked) {
		t.Error(err)
	}
	v.PauseAgent("other")
	if _, _, err := call(other, "GET", userURL, ""); !errors.Is(err, vault.ErrAgentInactive) {
		t.Error(err)
	}
	v.ResumeAgent("other")
	if _, _, err := call(other, "GET", userURL, ""); !errors.Is(err, vault.ErrGrantRevoked) {
		t.Error(err)
	}
}

func TestAUsersGrant(t *testing.T) {
	v := vaulttest.New(t)
	v.Answer("", "", 200, `{}`)
	grant := v.Grant("github", "https://api.github.com", vaulttest.OfUser("user-1"))
	agent := v.Agent().HTTPClient(vault.Grant(grant))
	if status, _, err := call(v.App().HTTPClient(vault.Grant(grant)), "GET", userURL, ""); status != 200 || err != nil {
		t.Error(status, err)
	}
	if _, _, err := call(agent, "GET", userURL, ""); !errors.Is(err, vault.ErrGrantNotFound) {
		t.Error(err)
	}
	v.Delegate(grant, "")
	if status, _, err := call(agent, "GET", userURL, ""); status != 200 || err != nil {
		t.Error(status, err)
	}
	v.HasRow(vaulttest.Row{GrantID: grant, AgentID: v.AgentID(""), Status: 200})
	again := v.Grant("github", "https://api.github.com", vaulttest.OfUser("user-1"), vaulttest.Label("second"))
	if again == grant {
		t.Error("two grants have one ID")
	}
}

func TestTimePassesInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := vaulttest.New(t)
		v.Answer("", "", 200, `{}`)
		client := v.Agent().HTTPClient(vault.Grant(v.Grant("github", "https://api.github.com", vaulttest.ExpiresIn(time.Hour))))
		if status, _, err := call(client, "GET", userURL, ""); status != 200 || err != nil {
			t.Fatal(status, err)
		}
		time.Sleep(time.Hour)
		if _, _, err := call(client, "GET", userURL, ""); !errors.Is(err, vault.ErrGrantExpired) {
			t.Error(err)
		}
	})
}

func TestACallWithoutCredentialGets401(t *testing.T) {
	v := vaulttest.New(t)
	v.Answer("", "", 200, `{}`)
	grant := v.Grant("github", "https://api.github.com")
	if status, _, err := call(&http.Client{Transport: v.Transport()}, "GET", userURL, ""); status != 401 || err != nil {
		t.Error(status, err)
	}
	if got := v.Requests(); len(got) != 1 || got[0].GrantID != "" || grant == "" {
		t.Error(got)
	}
}

func TestFailuresAreReadable(t *testing.T) {
	f := &failures{T: t}
	v := vaulttest.New(f)
	grant := v.Grant("github", "https://api.github.com")
	client := v.Agent().HTTPClient(vault.Grant(grant))
	_, _, err := call(client, "GET", userURL+"?key=test-secret-query", "")
	if err == nil {
		t.Error("nothing was scripted")
	}
	f.want(`nothing answers GET https://api.github.com/user; scripted: [nothing is scripted]; say v.Answer("GET", "https://api.github.com/user", …)`)
	v.HasRow(vaulttest.Row{Status: 200})
	f.want("0 audit rows fit status=200, want 1; all rows:\n\t1: agent_name=agent grant_id=" + grant)
	v.HasRows()
	f.want("want:\n\t(none)\ngot:\n\t1: agent_name=agent")
	v.Grant("github", "not an origin")
	f.want("creating the grant for github: local: GrantSpec.Hosts[0]")
	v.Token("nobody's")
	f.want(`no grant of this vault has the ID "nobody's"`)
	v.RevokeGrant("nobody's")
	f.want("revoking the grant: local: revoking the grant: no such grant")
}

func TestNothingPrintsTheCredential(t *testing.T) {
	f := &failures{T: t}
	v := vaulttest.New(f)
	grant := v.Grant("github", "https://api.github.com")
	v.Answer("GET", userURL, 200, `{}`)
	agent := v.Agent()
	if _, _, err := call(agent.HTTPClient(vault.Grant(grant)), "GET", userURL, ""); err != nil {
		t.Fatal(err)
	}
	v.HasRows()
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		fmt.Fprintf(&out, verb+verb+verb, v.Requests(), v.Rows(), agent)
	}
	out.WriteString(strings.Join(f.texts, "\n"))
	if strings.Contains(out.String(), v.Token(grant)) {
		t.Error("the credential is printed")
	}
}

func TestManyAgentsAtOnce(t *testing.T) {
	v := vaulttest.New(t)
	v.Answer("", "", 200, `{}`)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			name := fmt.Sprintf("agent-%d", i)
			grant := v.Grant("github", "https://api.github.com", vaulttest.For(name))
			if _, _, err := call(v.AgentNamed(name).HTTPClient(vault.Grant(grant)), "GET", userURL, ""); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			v.HasRow(vaulttest.Row{AgentName: name, GrantID: grant, Status: 200})
		})
	}
	wg.Wait()
	if n := len(v.Rows()); n != 20 {
		t.Errorf("%d rows", n)
	}
}
