package wire

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFreshKeysAreValid(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		for _, key := range []string{NewManagedKey(), NewScopedKey(KeyRuntime), NewScopedKey(KeyAgent)} {
			if !ValidKey(key) || seen[key] {
				t.Fatal("a fresh key is not valid or came twice")
			}
			seen[key] = true
		}
	}
	if kind, ok := ParseKey(NewManagedKey()); !ok || kind != KeyManaged || len(NewManagedKey()) != 50 {
		t.Errorf("kind %s, %v", kind, ok)
	}
}

// TestInvalidUTF8InPaths: one replacement character for each maximal part, as
// the official client's decoder does.
func TestInvalidUTF8InPaths(t *testing.T) {
	for in, want := range map[string]string{
		"/%E2%82": "/\ufffd", "/%E2%82%41": "/\ufffdA", "/%FF%FE": "/\ufffd\ufffd", "/%F0%90%80": "/\ufffd",
		"/%ED%A0%80": "/\ufffd\ufffd\ufffd", "/%C0%AF": "/\ufffd\ufffd", "/%F4%90%80%80": "/\ufffd\ufffd\ufffd\ufffd",
		"/%zz%4": "/%zz%4", "/+": "/+", "/%C3é%A9": "/\ufffdé\ufffd", "/%E2%82%AC": "/€", "/%EF%BF%BD": "/\ufffd",
	} {
		if got := CanonicalPath(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func TestContextLimits(t *testing.T) {
	long := strings.Repeat("é", 64)
	ok := []Pair{{long, strings.Repeat("é", 512)}}
	if err := CheckContext(ok); err != nil {
		t.Errorf("characters, not bytes, count: %v", err)
	}
	var many, big []Pair
	for i := range 21 {
		many = append(many, Pair{strconv.Itoa(i), ""})
	}
	for i := range 2 {
		big = append(big, Pair{strconv.Itoa(i), strings.Repeat("é", 512)}) // six bytes each, escaped
	}
	for name, pairs := range map[string][]Pair{
		"keys": many, "key": {{long + "x", ""}}, "value": {{"k", strings.Repeat("x", 513)}},
		"bytes": big, "UTF-8": {{"k", "\xff"}},
	} {
		if CheckContext(pairs) == nil {
			t.Errorf("%s: accepted", name)
		}
		if header := EncodeContext(pairs); name != "UTF-8" {
			if _, err := ParseContext(header); err == nil {
				t.Errorf("%s: read", name)
			}
		}
	}
	for _, header := range []string{"[]", "{", `{"a":1}`, `{"a":null}`, `{"a":"b"} x`, `{"a":"b","a":"c"}`, "x", `{"a":"b",}`} {
		if _, err := ParseContext(header); err == nil {
			t.Errorf("%s: read", header)
		}
	}
	if pairs, err := ParseContext(`{}`); err != nil || len(pairs) != 0 {
		t.Errorf("empty object: %v, %v", pairs, err)
	}
}

func TestCaller(t *testing.T) {
	for _, c := range []string{"x", "a b", strings.Repeat("x", 255), "~!"} {
		if err := CheckCaller(c); err != nil {
			t.Errorf("%q: %v", c, err)
		}
	}
	for _, c := range []string{"", " x", "x ", "é", "a\nb", "\x7f", strings.Repeat("x", 256)} {
		if CheckCaller(c) == nil {
			t.Errorf("%q: accepted", c)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	key := SigningKey("k")
	good := Signable{
		Method: "post", Target: "/sdk/token?b=1&a=2", Timestamp: "1767225600", Nonce: NewNonce(),
		ContentHash: ContentHash([]byte("x")), Context: `{"a":"b"}`,
	}
	headers := func(edit func(http.Header)) http.Header {
		h := http.Header{}
		SetHeaders(h, key, good)
		edit(h)
		return h
	}
	if _, err := Verify(key, "POST", "/sdk/token?a=2&b=1", headers(func(http.Header) {}), []byte("x")); err != nil {
		t.Errorf("the order of the query counts: %v", err)
	}
	for name, edit := range map[string]func(http.Header){
		"no timestamp": func(h http.Header) { delete(h, HeaderTimestamp) },
		"odd time":     func(h http.Header) { h[HeaderTimestamp] = []string{"1e9"} },
		"short nonce":  func(h http.Header) { h[HeaderNonce] = []string{"00"} },
		"two contexts": func(h http.Header) { h["x-alter-context"] = []string{`{"a":"c"}`} },
		"no context":   func(h http.Header) { delete(h, HeaderContext) },
		"no v2":        func(h http.Header) { delete(h, HeaderSignatureV2) },
		"other v2":     func(h http.Header) { h[HeaderSignatureV2] = []string{strings.Repeat("0", 64)} },
		"actor added":  func(h http.Header) { h[HeaderActorID] = []string{"x"} },
		"scope added":  func(h http.Header) { h[HeaderScopes] = []string{"x"} },
		"rule added":   func(h http.Header) { h[HeaderRequestRule] = []string{"x"} },
		"no signature": func(h http.Header) { delete(h, HeaderSignature) },
	} {
		if _, err := Verify(key, "POST", good.Target, headers(edit), []byte("x")); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, try := range map[string][3]string{
		"method": {"GET", good.Target, "x"}, "path": {"POST", "/sdk/proxy?b=1&a=2", "x"},
		"query": {"POST", "/sdk/token?b=1", "x"}, "body": {"POST", good.Target, "y"},
	} {
		if _, err := Verify(key, try[0], try[1], headers(func(http.Header) {}), []byte(try[2])); err == nil {
			t.Errorf("another %s: accepted", name)
		}
	}
	if _, err := Verify(SigningKey("other"), "POST", good.Target, headers(func(http.Header) {}), []byte("x")); err == nil {
		t.Error("another key: accepted")
	}
}

func TestRequestBodiesRefused(t *testing.T) {
	for _, body := range []string{
		``, `[]`, `{`, `{}`, `{"grant_id":"g"}`, `{"grant_id":1,"request":{"method":"GET","url":"u"}}`,
		`{"request":{"method":"GET","url":"u"}}`, `{"grant_id":"g","provider_id":"p","request":{"method":"GET","url":"u"}}`,
		`{"grant_id":"g","request":{"method":"GET"}}`, `{"grant_id":"g","reason":1,"request":{"method":"GET","url":"u"}}`,
	} {
		if _, err := ParseTokenRequest([]byte(body)); err == nil {
			t.Errorf("token %s: read", body)
		}
	}
	for _, body := range []string{
		``, `{"method":"GET","url":"u"}`, `{"method":"GET","url":"u","grant_id":"g","headers":{"a":1}}`,
		`{"method":"GET","url":"u","grant_id":"g","query_params":[]}`,
	} {
		if _, err := ParseProxyRequest([]byte(body)); err == nil {
			t.Errorf("proxy %s: read", body)
		}
	}
	for _, body := range []string{
		``, `{"grant_id":"g","method":"GET","url":"u"}`, `{"grant_id":"g","method":"GET","url":"u","response_status":-1,"latency_ms":0}`,
		`{"grant_id":"g","method":"GET","url":"u","response_status":200,"latency_ms":1.5}`,
		`{"grant_id":"g","method":"GET","url":"u","response_status":200,"latency_ms":1,"context":{"a":1}}`,
	} {
		if _, err := ParseAuditReport([]byte(body)); err == nil {
			t.Errorf("audit %s: read", body)
		}
	}
}

func TestAnswersRoundTrip(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	proxy := ProxyAnswer{
		StatusCode: 404, Headers: []Pair{{"a", "b"}}, Body: []byte("\x00é"), Truncated: true,
		ApprovalID: "22222222-2222-4222-8222-222222222222", DurationMS: new(int64(5)), CredentialHint: "…ab",
	}
	if got, err := ParseProxyAnswer(proxy.Marshal()); err != nil || !cmp.Equal(proxy, got) {
		t.Errorf("%v, %s", err, cmp.Diff(proxy, got))
	}
	if _, err := ParseProxyAnswer([]byte(`{"status_code":200,"body_b64":""}`)); err != nil {
		t.Errorf("the smallest proxy answer: %v", err)
	}
	id := "22222222-2222-4222-8222-222222222222"
	pending := Pending{id, id, at, 60, "https://x", []Gate{{id, at, 60, "https://x"}}}
	if got, err := ParsePending(pending.Marshal()); err != nil || !cmp.Equal(pending, got) {
		t.Errorf("%v, %s", err, cmp.Diff(pending, got))
	}
	me := AgentInfo{
		ID: id, Name: "n", DisplayName: "N", Type: "agent", Status: "inactive", Version: 3, CreatedAt: at, LastUsedAt: &at,
		Scopes: []byte(`{"a":["é"]}`), Policy: []byte(`{}`), Metadata: []byte(`{}`), RateLimitPerMinute: new(int64(60)),
	}
	want := me
	want.Scopes = []byte(`{"a":["\u00e9"]}`)
	got, err := ParseAgentInfo(me.Marshal())
	if err != nil || !cmp.Equal(want, got) && !cmp.Equal(me, got) {
		t.Errorf("%v, %s", err, cmp.Diff(want, got))
	}
	for _, body := range []string{`{}`, `[]`, `{"id":"x","name":"n","type":"agent","status":"active","version":1,"created_at":"2026-01-01T00:00:00Z"}`} {
		if _, err := ParseAgentInfo([]byte(body)); err == nil {
			t.Errorf("me %s: read", body)
		}
	}
}

func TestForbiddenLists(t *testing.T) {
	if n := len(forbiddenInjection); n != 22 {
		t.Errorf("%d headers must not be injected, want 22", n)
	}
	if n := len(forbiddenProxy); n != 18 {
		t.Errorf("%d headers must not be proxied, want 18", n)
	}
	if !ForbiddenInjection("COOKIE") || !ForbiddenProxyHeader(" Host ") || ForbiddenProxyHeader("X-Ok") || !AuditStripped("Authorization") {
		t.Error("case or space matters")
	}
}

func TestCredentialDoesNotPrint(t *testing.T) {
	c := Credential{AccessToken: "test-secret-token", Additional: map[string]string{"k": "test-secret-more"}}
	js, err := json.Marshal(c)
	text := fmt.Sprintf("%v %+v %#v %s %d %s", c, &c, c, c, c, js) + c.LogValue().String() + fmt.Sprint(slog.Any("c", c), []Credential{c})
	if err != nil || strings.Contains(text, "test-secret") {
		t.Errorf("%s, %v", text, err)
	}
}
