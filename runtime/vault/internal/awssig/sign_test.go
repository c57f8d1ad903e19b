package awssig

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

type vectors struct {
	Hosts []struct{ Host, Service, Region string } `json:"sigv4_hosts"`
	Sign  []struct {
		Method, URL     string
		Body            *string
		AccessKeyID     string `json:"access_key_id"`
		SecretKey       string `json:"secret_key"`
		SessionToken    string `json:"session_token"`
		Region, Service string
		At              time.Time
		Headers         map[string]string
	} `json:"sigv4_sign"`
	Names map[string]string `json:"sigv4_service_overrides"`
}

func readVectors(t *testing.T) (v vectors) {
	t.Helper()
	raw, err := os.ReadFile("../wire/testdata/wire-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Hosts) != 20 || len(v.Sign) != 4 || len(v.Names) < 50 {
		t.Fatalf("%d hosts, %d signatures, %d names", len(v.Hosts), len(v.Sign), len(v.Names))
	}
	return v
}

// TestScopes are the protocol's.
func TestScopes(t *testing.T) {
	v := readVectors(t)
	for _, c := range v.Hosts {
		service, region, ok := Scope(c.Host)
		if service != c.Service || region != c.Region || ok != (c.Service != "") {
			t.Errorf("%s: %q %q %v, want %q %q", c.Host, service, region, ok, c.Service, c.Region)
		}
	}
	if len(v.Names) != len(signingNames) {
		t.Errorf("%d names, want %d", len(signingNames), len(v.Names))
	}
	for label, name := range v.Names {
		if signingNames[label] != name {
			t.Errorf("%s signs as %s, want %s", label, signingNames[label], name)
		}
		if service, _, _ := Scope(label + ".eu-west-1.amazonaws.com"); service != name {
			t.Errorf("%s signs as %s, want %s", label, service, name)
		}
	}
}

// TestProtocolSignatures compares with signatures of the official client. That
// client takes a plus in a query for itself and not for a space, so here it is
// written as what it means there.
func TestProtocolSignatures(t *testing.T) {
	for i, c := range readVectors(t).Sign {
		var body io.Reader
		if c.Body != nil {
			body = strings.NewReader(*c.Body)
		}
		req, err := http.NewRequestWithContext(t.Context(), c.Method, strings.ReplaceAll(c.URL, "+", "%2B"), body)
		if err != nil {
			t.Fatal(err)
		}
		key := Key{c.AccessKeyID, c.SecretKey, c.SessionToken, c.Region, c.Service}
		signature, err := Sign(req, key, c.At)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range c.Headers {
			if got := req.Header.Get(name); got != want {
				t.Errorf("%d: %s\n got %s\nwant %s", i, name, got, want)
			}
		}
		if !strings.HasSuffix(c.Headers["Authorization"], "Signature="+signature) {
			t.Errorf("%d: signature %s", i, signature)
		}
	}
}

var testKey = Key{AccessKeyID: "TESTACCESSKEY", SecretAccessKey: "test-secret-key", Region: "eu-west-1", Service: "custom"}

func newRequest(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// once hides that a body can be read again.
type once struct{ io.Reader }

func TestPayloads(t *testing.T) {
	const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	const s3 = "https://b.s3.eu-west-1.amazonaws.com/k"
	for name, c := range map[string]struct {
		url, declared, want string
		once                bool
	}{
		"read again":            {s3, "", abc, false},
		"S3 over https":         {s3, "", UnsignedPayload, true},
		"S3 over http":          {"http://b.s3.eu-west-1.amazonaws.com/k", "", abc, true},
		"another service":       {"https://sqs.eu-west-1.amazonaws.com/", "", abc, true},
		"declared unsigned":     {s3, UnsignedPayload, UnsignedPayload, false},
		"declared trailer":      {s3, unsignedTrailer, unsignedTrailer, true},
		"declared, not S3":      {"https://sqs.eu-west-1.amazonaws.com/", UnsignedPayload, abc, false},
		"a hash of the caller":  {s3, "0000", abc, false},
		"chunks signed before":  {s3, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "", true},
		"trailer, but not S3":   {"https://sqs.eu-west-1.amazonaws.com/", unsignedTrailer, "", true},
		"no service, no region": {"https://example.com/", "", "", false},
	} {
		req := newRequest(t, "PUT", c.url, "abc")
		if c.once {
			req.Body, req.GetBody = io.NopCloser(once{strings.NewReader("abc")}), nil
		}
		if c.declared != "" {
			req.Header.Set(contentHash, c.declared)
		}
		_, err := Sign(req, Key{AccessKeyID: "A", SecretAccessKey: "test-secret"}, time.Now())
		if (err == nil) != (c.want != "") || err == nil && req.Header.Get(contentHash) != c.want {
			t.Errorf("%s: %q %v, want %q", name, req.Header.Get(contentHash), err, c.want)
		}
		if err == nil {
			if body, err := io.ReadAll(req.Body); string(body) != "abc" || err != nil {
				t.Errorf("%s: the body is %q afterwards, %v", name, body, err)
			}
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestLongBodyIsNotKept(t *testing.T) {
	req := newRequest(t, "POST", "https://sqs.eu-west-1.amazonaws.com/", "")
	req.Body, req.GetBody = io.NopCloser(io.LimitReader(zeros{}, MaxBuffered+1)), nil
	if _, err := Sign(req, testKey, time.Now()); err != ErrTooLong { //nolint:errorlint // returned as it is
		t.Errorf("%v", err)
	}
}

// TestSpellings: however path and query are written, they arrive in AWS's
// escapes and mean the same.
func TestSpellings(t *testing.T) {
	seen := ""
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.RequestURI }))
	defer srv.Close()
	for _, c := range [][2]string{
		{"/a b/é?q=x y&z=é", "/a%20b/%C3%A9?q=x%20y&z=%C3%A9"},
		{"/k(1)!*'+=@:,;$&", "/k%281%29%21%2A%27%2B%3D%40%3A%2C%3B%24%26"},
		{"/a%2Fb//c/", "/a%2Fb//c/"},
		{"/x?acl&list-type=2&prefix=a%2fb+c", "/x?acl&list-type=2&prefix=a%2Fb%20c"},
		{"", "/"},
	} {
		req := newRequest(t, "GET", srv.URL+c[0], "")
		if _, err := Sign(req, testKey, time.Now()); err != nil {
			t.Fatal(err)
		}
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if seen != c[1] {
			t.Errorf("%s: sent as %s, want %s", c[0], seen, c[1])
		}
	}
	if _, err := Sign(newRequest(t, "GET", "https://sqs.eu-west-1.amazonaws.com/?a=%zz", ""), testKey, time.Now()); err == nil {
		t.Error("a query that cannot be read was signed")
	}
}

// TestSignedHeaders: further X-Amz- headers are signed, those of another
// signature replaced, the rest left alone.
func TestSignedHeaders(t *testing.T) {
	req := newRequest(t, "GET", "https://b.s3.eu-west-1.amazonaws.com/k", "")
	req.Header = http.Header{
		"X-Amz-Acl": {"private"}, "x-amz-meta-b": {"b"}, "Content-Type": {"text/plain"}, "Authorization": {"AWS4-HMAC-SHA256 of another key"},
		"X-Amz-Date": {"20200101T000000Z"}, "X-Amz-Security-Token": {"another"},
	}
	if _, err := Sign(req, testKey, time.Now()); err != nil {
		t.Fatal(err)
	}
	auth := req.Header.Get("Authorization")
	if !strings.Contains(auth, "SignedHeaders=host;x-amz-acl;x-amz-content-sha256;x-amz-date;x-amz-meta-b,") || req.Header.Get("X-Amz-Security-Token") != "" {
		t.Errorf("%s %v", auth, req.Header)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", testKey, testKey, testKey, &testKey); strings.Contains(text, "secret") || strings.Contains(text, "TESTACCESSKEY") {
		t.Error(text)
	}
}

// TestPublishedSignatures are two examples of Amazon S3's documentation of
// header based authentication, with its made-up key.
func TestPublishedSignatures(t *testing.T) {
	key := Key{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	at := time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
	for query, want := range map[string]string{
		"lifecycle":           "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
		"prefix=J&max-keys=2": "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
	} {
		if got, err := Sign(newRequest(t, "GET", "https://examplebucket.s3.amazonaws.com/?"+query, ""), key, at); got != want || err != nil {
			t.Errorf("%s: %s %v, want %s", query, got, err, want)
		}
	}
}
