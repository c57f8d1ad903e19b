package sigv4_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/internal/awstest"
	"github.com/grantwire/grantwire/runtime/vault/local"
	"github.com/grantwire/grantwire/runtime/vault/sigv4"
)

const (
	accessKey = "test-secret-AKIA000000"
	secretKey = "test-secret-signing-key/+="
)

// standIn accepts what is signed with the key, and repeats the signature.
func standIn(t *testing.T, oncePath bool) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := awstest.Verify(r, body, awstest.Key{AccessKeyID: accessKey, SecretAccessKey: secretKey}, oncePath); err != nil {
			http.Error(w, "SignatureDoesNotMatch: "+err.Error(), http.StatusForbidden)
			return
		}
		_, _ = fmt.Fprintf(w, "%d bytes, %s", len(body), r.Header.Get("Authorization"))
	}))
	t.Cleanup(srv.Close)
	return srv
}

// newAgent makes a vault in memory with an AWS key, and an agent that has a
// grant of it.
func newAgent(t *testing.T, host, service string, opts ...vault.Option) (agent *vault.Agent, v *local.Vault, grantID string) {
	t.Helper()
	v, err := local.Open("", local.InMemory())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	made, err := v.CreateAgent(t.Context(), local.AgentSpec{Name: "archivist"})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := v.CreateManagedSecret(t.Context(), local.ManagedSecretSpec{
		Slug: "aws", Kind: local.SecretAWS, Region: "eu-west-1", Service: service, Hosts: []string{host},
		Value: local.SecretValue{AccessKeyID: accessKey, SecretAccessKey: secretKey},
	})
	if err != nil {
		t.Fatal(err)
	}
	grant, err := v.GrantManagedSecret(t.Context(), local.ManagedGrantSpec{SecretID: secret.ID, AgentID: made.ID})
	if err != nil {
		t.Fatal(err)
	}
	agent, err = vault.NewAgent(made.Key, append([]vault.Option{vault.WithBackend(v)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return agent, v, grant.ID
}

// TestSignedCalls: a client signs in retrieve mode, whatever the body is like,
// and neither key nor signature comes back.
func TestSignedCalls(t *testing.T) {
	for _, service := range []string{"s3", "sqs"} {
		srv := standIn(t, service == "s3")
		agent, v, grantID := newAgent(t, srv.URL, service, vault.WithSigner(sigv4.New()))
		client := agent.HTTPClient(vault.Grant(grantID))
		for _, c := range []struct {
			method, target, body string
			stream               bool
		}{
			{"GET", "/bucket/a%20b(1)/é?list-type=2&prefix=x/y+z&acl", "", false},
			{"PUT", "/bucket/k", "some text", false},
			{"POST", "/bucket/k", "some text", true},
		} {
			var body io.Reader = strings.NewReader(c.body)
			if c.stream {
				body = io.MultiReader(body)
			}
			req, err := http.NewRequestWithContext(t.Context(), c.method, srv.URL+c.target, body)
			if err != nil {
				t.Fatal(err)
			}
			// What AWS's own SDK would send under a key of its own.
			req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=none")
			req.Header.Set("X-Amz-Date", "20200101T000000Z")
			req.Header.Set("X-Amz-Acl", "private")
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(resp.Body)
			if resp.StatusCode != 200 || err != nil {
				t.Errorf("%s %s %s: %d %s %v", service, c.method, c.target, resp.StatusCode, text, err)
			}
			_ = resp.Body.Close()
			if !bytes.HasPrefix(text, fmt.Appendf(nil, "%d bytes, AWS4-HMAC-SHA256 Credential=**", len(c.body))) || !bytes.HasSuffix(text, []byte("Signature="+strings.Repeat("*", 64))) {
				t.Errorf("%s", text)
			}
		}
		if err := agent.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		rows, err := v.Audit(t.Context(), local.AuditFilter{})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if row.Outcome != local.OutcomeCompleted || row.Status != 200 {
				t.Errorf("%+v", row)
			}
			if text := fmt.Sprintf("%+v", row); strings.Contains(text, "test-secret") || strings.Contains(text, "prefix") {
				t.Error(text)
			}
		}
		if len(rows) != 3 {
			t.Errorf("%d rows", len(rows))
		}
	}
}

// TestWithoutSigner: the call is refused before it is made, and says what to do.
func TestWithoutSigner(t *testing.T) {
	srv := standIn(t, true)
	agent, _, grantID := newAgent(t, srv.URL, "s3")
	_, err := agent.HTTPClient(vault.Grant(grantID)).Get(srv.URL + "/k")
	if !errors.Is(err, vault.ErrUnsupportedCredential) || !strings.Contains(err.Error(), "vault.WithSigner") {
		t.Errorf("%v", err)
	}
}

// TestCallThatCannotBeSigned: chunks that another key signed would be refused by
// AWS.
func TestCallThatCannotBeSigned(t *testing.T) {
	srv := standIn(t, true)
	agent, _, grantID := newAgent(t, srv.URL, "s3", vault.WithSigner(sigv4.New()))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, srv.URL+"/k?X=test-secret-query", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
	_, err = agent.HTTPClient(vault.Grant(grantID)).Transport.RoundTrip(req)
	if !errors.Is(err, vault.ErrInvalidInput) || !strings.Contains(err.Error(), "chunks") || strings.Contains(err.Error(), "test-secret") {
		t.Errorf("%v", err)
	}
}

// TestProxyNeedsNoSigner: there the vault signs.
func TestProxyNeedsNoSigner(t *testing.T) {
	srv := standIn(t, true)
	agent, _, grantID := newAgent(t, srv.URL, "s3", vault.WithMode(vault.Proxy))
	resp, err := agent.HTTPClient(vault.Grant(grantID)).Get(srv.URL + "/bucket?acl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if text, err := io.ReadAll(resp.Body); resp.StatusCode != 200 || err != nil || strings.Contains(string(text), "test-secret") {
		t.Errorf("%d %s %v", resp.StatusCode, text, err)
	}
}
