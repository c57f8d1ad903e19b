package local

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/vault/internal/awstest"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

const (
	testAccessKey    = "test-secret-AKIA000000"
	testSigningKey   = "test-secret-signing-key/+="
	testSessionToken = "test-secret-session-token//+="
)

// TestManagedSecretSignsForAWS: the vault signs a proxied call; a server that
// knows AWS's description accepts it, and what it repeats of the signature does
// not reach the caller.
func TestManagedSecretSignsForAWS(t *testing.T) {
	key := awstest.Key{AccessKeyID: testAccessKey, SecretAccessKey: testSigningKey, SessionToken: testSessionToken}
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := awstest.Verify(r, body, key, true); err != nil {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "SignatureDoesNotMatch: "+err.Error())
			return
		}
		_, _ = io.WriteString(w, "<Error><AWSAccessKeyId>"+testAccessKey+"</AWSAccessKeyId>"+r.Header.Get("Authorization")+" "+
			r.Header.Get("X-Amz-Security-Token")+" "+r.Header.Get("X-Amz-Acl")+" in eu-west-1")
	}))
	defer provider.Close()
	f := newFixture(t, WithProviderTransport(http.DefaultTransport))
	_, g := f.newSecret(ManagedSecretSpec{
		Slug: "aws", Kind: SecretAWS, Region: "eu-west-1", Service: "s3", Hosts: []string{provider.URL},
		Value: SecretValue{AccessKeyID: testAccessKey, SecretAccessKey: testSigningKey, SessionToken: testSessionToken},
	})
	for _, call := range []wire.ProxyRequest{
		{Method: "GET", URL: "/bucket/a%20b(1)/%2F?list-type=2&prefix=x%2Fy+z&acl"},
		{Method: "PUT", URL: "/bucket/k", Body: []byte(`{"a": 1}`), Headers: []wire.Pair{{Key: "x-amz-acl", Value: "private"}, {Key: "X-Amz-Meta-A", Value: "b  c"}}},
		{Method: "GET", URL: "/", Query: []byte(`{"b":"2","a":"+ é"}`)},
	} {
		call.GrantID, call.URL = g.ID, provider.URL+call.URL
		r := f.proxy(call, send{})
		body, err := base64.StdEncoding.DecodeString(r.str("body_b64"))
		f.must(err)
		if string(r.body["status_code"]) != "200" {
			t.Fatalf("%s: %d %s %s", call.URL, r.status, r.raw, body)
		}
		for _, secret := range []string{testAccessKey, testSigningKey, testSessionToken} {
			if strings.Contains(string(body), secret) {
				t.Errorf("the caller got %q: %s", secret, body)
			}
		}
		if !strings.Contains(string(body), "in eu-west-1") || !strings.Contains(string(body), "Signature="+scrubbed) {
			t.Errorf("%s", body)
		}
	}
	f.searchFiles([]string{testAccessKey, testSigningKey, testSessionToken})
}

// TestManagedSecretWithoutScope: neither the host nor the secret tells region
// and service.
func TestManagedSecretWithoutScope(t *testing.T) {
	f := newFixture(t)
	_, g := f.newSecret(ManagedSecretSpec{
		Slug: "aws", Kind: SecretAWS, Hosts: []string{"https://storage.example"}, Value: SecretValue{AccessKeyID: testAccessKey, SecretAccessKey: testSigningKey},
	})
	r := f.proxy(wire.ProxyRequest{GrantID: g.ID, Method: "GET", URL: "https://storage.example/x"}, send{})
	if r.status != http.StatusUnprocessableEntity || r.str("error") != codeUnsignable || f.dials.count() != 0 {
		t.Errorf("%d %s, %d dialed", r.status, r.raw, f.dials.count())
	}
	if row := f.lastRow(); row.Outcome != OutcomeFailed || row.ReasonCode != codeUnsignable {
		t.Errorf("%+v", row)
	}
	// In retrieve mode the client signs: it gets what it needs.
	if r := f.token(g.ID, "https://storage.example/x", send{}); r.status != 200 || r.str("injection_format") != wire.SigV4Prefix {
		t.Errorf("%d %s", r.status, r.raw)
	}
}
