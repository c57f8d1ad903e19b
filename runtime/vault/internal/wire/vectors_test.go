package wire

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// vectors is testdata/wire-vectors.json, as far as this package uses it.
type vectors struct {
	Keys struct {
		Valid []struct {
			Key string `json:"key"`
			MAC string `json:"hmac_key_hex"`
		} `json:"valid"`
		Checksum []struct{ Body, Checksum string } `json:"checksum"`
		Invalid  []string                          `json:"invalid"`
	} `json:"keys"`
	Requests []struct {
		Name    string
		APIKey  string `json:"api_key"`
		Method  string
		Target  string `json:"request_target"`
		Body    string
		S1      string      `json:"string_to_sign_v1"`
		S2      *string     `json:"string_to_sign_v2"`
		Headers [][2]string `json:"headers_in_order"`
	} `json:"requests"`
	ContextJSON []struct {
		Pairs  [][2]string
		Header string
	} `json:"context_json"`
	CanonicalPath []struct{ Target, Signed string } `json:"canonical_path"`
	Traceparent   []struct {
		Value string
		Valid bool
	} `json:"traceparent"`
	RetryAfter []struct {
		Header  *string
		Body    json.RawMessage
		Max     int64
		Seconds *int64
	} `json:"retry_after"`
	RateLimit []struct {
		Headers  map[string]string
		Snapshot json.RawMessage
	} `json:"rate_limit"`
	BearerChallenge []struct {
		Header string
		Params map[string]string
	} `json:"bearer_challenge"`
	TokenResponse []struct {
		Override json.RawMessage
		Accepted bool
	} `json:"token_response"`
	PathParams []struct {
		Template string
		Params   map[string]string
		URL      *string
	} `json:"path_params"`
	ProviderURL []struct {
		URL      string
		Accepted bool
	} `json:"provider_url"`
	BaseURL []struct {
		Input string
		Base  *string
	} `json:"base_url"`
}

func loadVectors(t *testing.T) vectors {
	t.Helper()
	raw, err := os.ReadFile("testdata/wire-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// covered fails when a section holds another number of cases than was
// reviewed, so that none is lost unseen.
func covered(t *testing.T, section string, got, want int) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %d cases, want %d", section, got, want)
	}
	t.Logf("%s: %d cases", section, got)
}

func TestKeyVectors(t *testing.T) {
	v := loadVectors(t)
	for _, c := range v.Keys.Valid {
		if !ValidKey(c.Key) {
			t.Errorf("%s: refused", c.Key)
		}
		if got := hex.EncodeToString(SigningKey(c.Key)); got != c.MAC {
			t.Errorf("%s: signing key %s, want %s", c.Key, got, c.MAC)
		}
	}
	for _, c := range v.Keys.Checksum {
		kind, random, _ := strings.Cut(c.Body, ":")
		if got := Checksum(KeyKind(kind), random); got != c.Checksum {
			t.Errorf("%s: checksum %s, want %s", c.Body, got, c.Checksum)
		}
	}
	for _, key := range v.Keys.Invalid {
		if ValidKey(key) {
			t.Errorf("%q: accepted", key)
		}
	}
	covered(t, "keys", len(v.Keys.Valid)+len(v.Keys.Checksum)+len(v.Keys.Invalid), 25)
}

func TestRequestVectors(t *testing.T) {
	v := loadVectors(t)
	for _, c := range v.Requests {
		t.Run(c.Name, func(t *testing.T) {
			h := http.Header{}
			for _, f := range c.Headers {
				h[f[0]] = []string{f[1]}
			}
			s, err := Verify(SigningKey(c.APIKey), c.Method, c.Target, h, []byte(c.Body))
			if err != nil {
				t.Fatal(err)
			}
			s1, s2 := s.Strings()
			want2 := ""
			if c.S2 != nil {
				want2 = *c.S2
			}
			if s1 != c.S1 || s2 != want2 {
				t.Errorf("strings to sign:\n%q\n%q\nwant\n%q\n%q", s1, s2, c.S1, want2)
			}
			made := http.Header{}
			SetHeaders(made, SigningKey(c.APIKey), s)
			for name, values := range made {
				if diff := cmp.Diff(h[name], values); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
			for name := range h {
				if strings.HasPrefix(name, "X-Alter-") && made[name] == nil {
					t.Errorf("%s is not made", name)
				}
			}
			for name, changed := range map[string]http.Header{
				"body": h, "nonce": with(h, HeaderNonce, strings.Repeat("0", 32)),
				"context": with(h, HeaderContext, `{"x":"y"}`), "signature": with(h, HeaderSignature, strings.Repeat("0", 64)),
			} {
				body := c.Body
				if name == "body" {
					body += " "
				}
				if _, err := Verify(SigningKey(c.APIKey), c.Method, c.Target, changed, []byte(body)); err == nil {
					t.Errorf("a changed %s was accepted", name)
				}
			}
		})
	}
	covered(t, "requests", len(v.Requests), 19)
}

func with(h http.Header, name, value string) http.Header {
	h = h.Clone()
	h[name] = []string{value}
	return h
}

// TestBodyVectors reads the bodies of the recorded requests and writes them
// again: the bytes must be the official client's.
func TestBodyVectors(t *testing.T) {
	n := 0
	for _, c := range loadVectors(t).Requests {
		var got []byte
		switch c.Target {
		case PathToken:
			r, err := ParseTokenRequest([]byte(c.Body))
			if err != nil {
				t.Errorf("%s: %v", c.Name, err)
			}
			got = r.Marshal()
		case PathProxy:
			r, err := ParseProxyRequest([]byte(c.Body))
			if err != nil {
				t.Errorf("%s: %v", c.Name, err)
			}
			got = r.Marshal()
		case PathAudit:
			r, err := ParseAuditReport([]byte(c.Body))
			if err != nil {
				t.Errorf("%s: %v", c.Name, err)
			}
			got = r.Marshal()
		default:
			continue
		}
		n++
		if string(got) != c.Body {
			t.Errorf("%s:\n%s\nwant\n%s", c.Name, got, c.Body)
		}
	}
	covered(t, "request bodies", n, 12)
}

func TestContextVectors(t *testing.T) {
	v := loadVectors(t)
	for _, c := range v.ContextJSON {
		var pairs []Pair
		for _, p := range c.Pairs {
			pairs = append(pairs, Pair{p[0], p[1]})
		}
		if got := EncodeContext(pairs); got != c.Header {
			t.Errorf("encoded %s, want %s", got, c.Header)
		}
		back, err := ParseContext(c.Header)
		if err != nil {
			t.Errorf("%s: %v", c.Header, err)
		}
		if diff := cmp.Diff(pairs, back); diff != "" {
			t.Error(diff)
		}
	}
	covered(t, "context_json", len(v.ContextJSON), 3)
}

func TestCanonicalPathVectors(t *testing.T) {
	v := loadVectors(t)
	for _, c := range v.CanonicalPath {
		if got := CanonicalPath(c.Target); got != c.Signed {
			t.Errorf("%s: %q, want %q", c.Target, got, c.Signed)
		}
	}
	covered(t, "canonical_path", len(v.CanonicalPath), 11)
}

func TestTraceparentVectors(t *testing.T) {
	v := loadVectors(t)
	for _, c := range v.Traceparent {
		if got := ValidTraceparent(c.Value); got != c.Valid {
			t.Errorf("%s: valid is %v", c.Value, got)
		}
	}
	covered(t, "traceparent", len(v.Traceparent), 7)
}

func TestRetryAfterVectors(t *testing.T) {
	v := loadVectors(t)
	for i, c := range v.RetryAfter {
		h := http.Header{}
		if c.Header != nil {
			value := *c.Header
			if value == "9 repeated 5000 times" {
				value = strings.Repeat("9", 5000)
			}
			h.Set("Retry-After", value)
		}
		body := ParseErrorBody([]byte(`{"retry_after":` + string(c.Body) + `}`))
		got, ok := RetryAfter(h, body, c.Max)
		if ok != (c.Seconds != nil) || ok && got != *c.Seconds {
			t.Errorf("case %d: got %d, %v", i, got, ok)
		}
	}
	covered(t, "retry_after", len(v.RetryAfter), 19)
}

func TestRateLimitVectors(t *testing.T) {
	v := loadVectors(t)
	now := time.Unix(1767225600, 0)
	for i, c := range v.RateLimit {
		h := http.Header{}
		for name, value := range c.Headers {
			h.Set(name, value)
		}
		got, ok := ParseRateLimit(h, now)
		var want *struct {
			Limit, Remaining int64
			Reset            int64 `json:"reset_unix"`
		}
		if string(c.Snapshot) == `"limit 500, remaining 3, reset = now(seconds)+20"` {
			c.Snapshot = []byte(`{"limit":500,"remaining":3,"reset_unix":1767225620}`)
		}
		if err := json.Unmarshal(c.Snapshot, &want); err != nil {
			t.Fatal(err)
		}
		if ok != (want != nil) || ok && (got.Limit != want.Limit || got.Remaining != want.Remaining || got.Reset.Unix() != want.Reset) {
			t.Errorf("case %d: got %+v, %v", i, got, ok)
		}
	}
	covered(t, "rate_limit", len(v.RateLimit), 6)
}

func TestBearerChallengeVectors(t *testing.T) {
	v := loadVectors(t)
	for _, c := range v.BearerChallenge {
		if diff := cmp.Diff(c.Params, BearerChallenge(c.Header)); diff != "" {
			t.Errorf("%s: %s", c.Header, diff)
		}
	}
	covered(t, "bearer_challenge", len(v.BearerChallenge), 9)
}

// tokenAnswer applies one case's override to the smallest accepted answer.
func tokenAnswer(t *testing.T, override json.RawMessage) []byte {
	t.Helper()
	answer := map[string]any{"access_token": "t", "grant_id": "22222222-2222-4222-8222-222222222222"}
	if name, ok := strings.CutSuffix(strings.Trim(string(override), `"`), " missing"); ok {
		delete(answer, name)
	} else {
		var members map[string]any
		if err := json.Unmarshal(override, &members); err != nil {
			t.Fatal(err)
		}
		for k, v := range members {
			answer[k] = v
			if raw, ok := v.(float64); ok && strings.Contains(string(override), "1.0") && raw == 1 {
				answer[k] = json.RawMessage("1.0")
			}
			switch v {
			case "<oversized: 256 long>":
				answer[k] = strings.Repeat("x", 256)
			case "<oversized: 201 long>":
				answer[k] = "{token}" + strings.Repeat("x", 194)
			case "<oversized: 1 long>":
				answer[k] = map[string]any{"a": strings.Repeat("x", 8193)}
			case "<oversized: 11 long>":
				list := make([]any, 11)
				for i := range list {
					list[i] = map[string]any{"target": "header", "key": "X-A", "value_source": "token"}
				}
				answer[k] = list
			}
		}
	}
	body, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestTokenResponseVectors(t *testing.T) {
	v := loadVectors(t)
	for i, c := range v.TokenResponse {
		cred, err := ParseCredential(tokenAnswer(t, c.Override))
		if (err == nil) != c.Accepted {
			t.Errorf("case %d, override %s: error %v, want accepted %v", i, c.Override, err, c.Accepted)
		}
		if err != nil {
			continue
		}
		again, err := ParseCredential(cred.Marshal())
		if err != nil {
			t.Errorf("case %d: our own answer is refused: %v", i, err)
		}
		if again.HeaderValue() != cred.HeaderValue() {
			t.Errorf("case %d: the header value changed", i)
		}
	}
	covered(t, "token_response", len(v.TokenResponse), 84)
}

func TestPathParamVectors(t *testing.T) {
	v := loadVectors(t)
	for _, c := range v.PathParams {
		got, err := ResolvePath(c.Template, c.Params)
		if (err == nil) != (c.URL != nil) || err == nil && got != *c.URL {
			t.Errorf("%s: %q, %v", c.Template, got, err)
		}
	}
	covered(t, "path_params", len(v.PathParams), 9)
}

func TestURLVectors(t *testing.T) {
	v := loadVectors(t)
	for _, c := range v.ProviderURL {
		if err := CheckProviderURL(c.URL); (err == nil) != c.Accepted {
			t.Errorf("provider %q: %v", c.URL, err)
		}
	}
	for _, c := range v.BaseURL {
		got, err := CheckBaseURL(c.Input)
		if (err == nil) != (c.Base != nil) || err == nil && got != *c.Base {
			t.Errorf("base %q: %q, %v", c.Input, got, err)
		}
	}
	covered(t, "provider_url", len(v.ProviderURL), 14)
	covered(t, "base_url", len(v.BaseURL), 16)
}
