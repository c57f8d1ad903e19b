package vault

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/spelling"
)

// spellings writes the secret as software would, by other code than the masker.
func spellings(secret string) map[string]string {
	quoted, _ := json.Marshal(secret)
	var plain bytes.Buffer
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(secret)
	out := map[string]string{
		"raw":            secret,
		"JSON":           strings.TrimSpace(plain.String()),
		"JSON for HTML":  string(quoted),
		"query":          url.QueryEscape(secret),
		"path":           url.PathEscape(secret),
		"slashes":        strings.ReplaceAll(strings.TrimSpace(plain.String()), "/", `\/`),
		"header":         "Bearer " + secret,
		"hex":            fmt.Sprintf("%x", secret),
		"XML":            strings.NewReplacer("&", "&amp;", `"`, "&#34;").Replace(secret),
		"base64 for URL": base64.RawURLEncoding.EncodeToString([]byte(secret)),
	}
	for i, prefix := range []string{"", "x", "xy", "user:", "Bearer "} {
		out[fmt.Sprintf("base64 %d", i)] = base64.StdEncoding.EncodeToString([]byte(prefix + secret + ":y"))
	}
	return out
}

// remains returns a part of the secret that is still readable in text, in any
// spelling: twelve characters of it are taken as a find.
func remains(text, secret string) string {
	for _, form := range spelling.Of(secret) {
		for i := 0; i+12 <= len(form); i++ {
			if strings.Contains(text, form[i:i+12]) {
				return form[i : i+12]
			}
		}
	}
	return ""
}

func TestScrubberFindsEverySpellingAcrossReads(t *testing.T) {
	m := newMasker(testToken)
	for name, spelled := range spellings(testToken) {
		text := `{"a":"` + spelled + `","b":"` + strings.Repeat("v", 100) + spelled + `"}`
		for readers, src := range map[string]io.Reader{
			"whole": strings.NewReader(text), "one byte": iotest.OneByteReader(strings.NewReader(text)),
			"halves": iotest.HalfReader(strings.NewReader(text)), "data with EOF": iotest.DataErrReader(strings.NewReader(text)),
		} {
			ended := 0
			got, err := io.ReadAll(newScrubber(src, io.NopCloser(nil), m, func() { ended++ }))
			if err != nil || ended != 1 {
				t.Errorf("%s, %s: error %v, ended %d times", name, readers, err, ended)
			}
			if len(got) != len(text) {
				t.Errorf("%s, %s: %d bytes became %d", name, readers, len(text), len(got))
			}
			if left := remains(string(got), testToken); left != "" {
				t.Errorf("%s, %s: %q is left in %s", name, readers, left, got)
			}
			if !strings.HasSuffix(string(got), `"}`) || !strings.Contains(string(got), strings.Repeat("v", 100)) {
				t.Errorf("%s, %s: other text was touched: %s", name, readers, got)
			}
		}
	}
}

func TestScrubberLeavesOtherTextAlone(t *testing.T) {
	text := strings.Repeat("test-secret-token but another one; ", 5000)
	got, err := io.ReadAll(newScrubber(iotest.HalfReader(strings.NewReader(text)), io.NopCloser(nil), newMasker(testToken), func() {}))
	if err != nil || string(got) != text {
		t.Errorf("text was changed: %v", err)
	}
}

// TestScrubberDoesNotDelayEvents sends one event and keeps the stream open: the
// event has to arrive although more could follow.
func TestScrubberDoesNotDelayEvents(t *testing.T) {
	r, w := io.Pipe()
	s := newScrubber(r, r, newMasker(testToken), func() {})
	go func() { _, _ = io.WriteString(w, "data: 1\n\n") }()
	done := make(chan string)
	go func() {
		buf := make([]byte, 100)
		n, _ := s.Read(buf)
		done <- string(buf[:n])
	}()
	select {
	case got := <-done:
		if got != "data: 1\n\n" {
			t.Errorf("got %q", got)
		}
	case <-time.After(5 * time.Second):
		t.Error("the event did not arrive")
	}
	_ = s.Close()
}

func TestScrubberPassesErrorsOn(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("begin"), iotest.ErrReader(io.ErrUnexpectedEOF))
	got, err := io.ReadAll(newScrubber(broken, io.NopCloser(nil), newMasker(testToken), func() {}))
	if string(got) != "begin" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestBinaryTypes(t *testing.T) {
	for contentType, want := range map[string]bool{
		"": false, "application/json": false, "text/html; charset=utf-8": false, "application/vnd.github+json": false,
		"application/x-www-form-urlencoded": false, "application/xml": false, "image/svg+xml": false, "nonsense": false,
		"image/png": true, "video/mp4": true, "application/zip": true, "application/octet-stream": false,
	} {
		if got := isBinary(contentType); got != want {
			t.Errorf("%q: %v", contentType, got)
		}
	}
}

func TestEchoingProvider(t *testing.T) {
	vault := newFakeVault(t)
	var spelled []string
	for _, s := range spellings(testToken) {
		spelled = append(spelled, s)
	}
	p := newProvider(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Echo-Trailer")
		w.Header().Set("Content-Type", r.URL.Query().Get("type"))
		w.Header().Set("X-Echo", r.Header.Get("Authorization"))
		w.Header().Set("Location", "/next?token="+url.QueryEscape(testToken))
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, strings.Join(spelled, "\n"))
		w.(http.Flusher).Flush()
		w.Header().Set("X-Echo-Trailer", testToken)
	})
	agent := vault.agent()
	hc := agent.HTTPClient(Grant(testGrant))
	for _, contentType := range []string{"application/json", "text/plain", "application/xml", "application/problem+json", ""} {
		resp, body := fetch(t, hc, newRequest(t, "GET", p.URL+"/x?type="+url.QueryEscape(contentType), ""))
		if p.last(t).Header.Get("Authorization") != "Bearer "+testToken {
			t.Fatal("the credential did not reach the provider")
		}
		all := body + fmt.Sprintf("%v %v %v", resp.Status, resp.Header, resp.Trailer) + fmt.Sprintf("%+v %#v", resp.Body, resp)
		if left := remains(all, testToken); left != "" {
			t.Errorf("%s: %q is left in the response", contentType, left)
		}
		if resp.Request.Header.Get("Authorization") != "" {
			t.Error("the response's request holds the credential")
		}
	}
	for _, report := range vault.settle(agent) {
		if left := remains(string(report.Marshal()), testToken); left != "" {
			t.Errorf("%q is left in an audit report", left)
		}
	}
}

func TestBinaryBodyIsUnchanged(t *testing.T) {
	vault := newFakeVault(t)
	want := "\x00\x01" + testToken
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = io.WriteString(w, want)
	})
	_, body := fetch(t, vault.agent().HTTPClient(Grant(testGrant)), newRequest(t, "GET", p.URL, ""))
	if body != want {
		t.Errorf("got %q", body)
	}
}

func TestContentCodings(t *testing.T) {
	vault := newFakeVault(t)
	coding := ""
	p := newProvider(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", coding)
		_, _ = w.Write(gzipped(`{"echo":"` + r.Header.Get("Authorization") + `"}`))
	})
	base := &http.Transport{DisableCompression: true}
	hc := vault.agent(WithProviderTransport(base)).HTTPClient(Grant(testGrant))
	coding = "gzip"
	req := newRequest(t, "GET", p.URL, "")
	req.Header.Set("Accept-Encoding", "gzip, br")
	resp, body := fetch(t, hc, req)
	if !strings.HasPrefix(body, `{"echo":"Bearer *`) || remains(body, testToken) != "" || resp.Header.Get("Content-Encoding") != "" {
		t.Errorf("gzip: got %q", body)
	}
	if got := p.last(t).Header.Get("Accept-Encoding"); got != "" {
		t.Errorf("Accept-Encoding %q reached the provider", got)
	}
	coding = "br"
	_, err := hc.Do(newRequest(t, "GET", p.URL, ""))
	wantError(t, err, ErrUnreadableResponse, "unreadable_response")
}

// TestStatusLineIsMasked: HTTP/1.1 lets a provider put anything there.
func TestStatusLineIsMasked(t *testing.T) {
	vault := newFakeVault(t)
	agent := vault.agent(WithProviderTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{Status: "403 " + r.Header.Get("Authorization"), StatusCode: 403, Body: http.NoBody, Header: http.Header{}}, nil
	})))
	resp, err := agent.Transport(Grant(testGrant)).RoundTrip(newRequest(t, "GET", "https://api.example.com/", ""))
	if err != nil || remains(resp.Status, testToken) != "" || !strings.HasPrefix(resp.Status, "403 Bearer *") {
		t.Errorf("%v, %v", resp, err)
	}
}
