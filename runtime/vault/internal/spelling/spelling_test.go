package spelling

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const secret = "test-secret-é/+= \"<&'>\\z9"

// written is a secret as other code than ours writes it.
func written(t *testing.T, secret string) map[string]string {
	t.Helper()
	forHTML, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	var plain bytes.Buffer
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(secret); err != nil {
		t.Fatal(err)
	}
	var ascii, all strings.Builder
	for _, r := range secret { // all of the basic plane
		fmt.Fprintf(&all, `\u%04x`, r)
		if r < 0x80 && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			ascii.WriteRune(r)
		} else {
			fmt.Fprintf(&ascii, `\u%04X`, r)
		}
	}
	quoted := strings.TrimSpace(plain.String())
	lower := func(s string) string {
		for i := 0; i+2 < len(s); i++ {
			if s[i] == '%' {
				s = s[:i] + strings.ToLower(s[i:i+3]) + s[i+3:]
			}
		}
		return s
	}
	out := map[string]string{
		"as it is": secret, "JSON": quoted, "JSON for HTML": string(forHTML), "JSON with escaped slashes": strings.ReplaceAll(quoted, "/", `\/`),
		"JSON, all but letters and digits escaped": ascii.String(), "JSON, all escaped": all.String(),
		"XML": html.EscapeString(secret), "a query": url.QueryEscape(secret), "a query, lower case": lower(url.QueryEscape(secret)),
		"a query with %20": strings.ReplaceAll(url.QueryEscape(secret), "+", "%20"), "a path": url.PathEscape(secret), "a path, lower case": lower(url.PathEscape(secret)),
		"hex": fmt.Sprintf("%x", secret), "HEX": fmt.Sprintf("%X", secret), "a header": "Bearer " + secret,
	}
	for i, prefix := range []string{"", "x", "xy", "user:", "Bearer "} {
		for _, suffix := range []string{"", ":", ":y", ":yz"} {
			name := fmt.Sprintf("base64 after %d bytes, before %d", i, len(suffix))
			std := base64.StdEncoding.EncodeToString([]byte(prefix + secret + suffix))
			out[name], out[name+", in JSON"] = std, strings.ReplaceAll(std, "/", `\/`)
			out[name+", for URLs"] = base64.URLEncoding.EncodeToString([]byte(prefix + secret + suffix))
			out[name+", unpadded"] = base64.RawStdEncoding.EncodeToString([]byte(prefix + secret + suffix))
		}
	}
	return out
}

// TestEverySpelling: whatever writes the secret, it is found, replaced and gone.
func TestEverySpelling(t *testing.T) {
	for _, secret := range []string{secret, "test-secret-4f9d8e7c6b5a43210fedcba9876543210abcd", "test-secret", "test-secret-token-0", "test-secret-token-01"} {
		s := New(6, secret)
		for name, text := range written(t, secret) {
			in := []byte(`{"a":"` + text + `","b":1}`)
			if !s.In(string(in)) || len(s.Find(in)) == 0 {
				t.Errorf("%s: not found", name)
				continue
			}
			out := string(s.Replace(bytes.Clone(in), "[redacted]"))
			if !strings.HasPrefix(out, `{"a":"`) || !strings.HasSuffix(out, `","b":1}`) || strings.Count(out, "[redacted]") != 1 {
				t.Errorf("%s: %s", name, out)
			}
			for _, form := range Of(secret) {
				for i := 0; i+10 <= len(form); i++ {
					if strings.Contains(out, form[i:i+10]) {
						t.Errorf("%s: %q is left in %s", name, form[i:i+10], out)
					}
				}
			}
			if name == "a header" && !s.InName("X-"+strings.ToUpper(text)) {
				t.Errorf("not found in a header's name")
			}
		}
		if printed := fmt.Sprintf("%v %+v %#v %s", s, s, s, s); strings.Contains(printed, "test-secret") {
			t.Errorf("prints as %.60s", printed)
		}
	}
}

func TestOthersStay(t *testing.T) {
	s := New(6, secret, "", "abc", "\xff\xfe\xfd\xfc\xfb\xfa")
	for _, text := range []string{"", "abc", "test-secret-", `{"a":"b"}`, strings.Repeat("test-secret-e", 1000)} {
		if got := s.Replace([]byte(text), "[redacted]"); string(got) != text {
			t.Errorf("%.40s became %.40s", text, got)
		}
	}
	if got := New(6).Replace([]byte("text"), "x"); string(got) != "text" || New(6).Longest() != 0 || New(6).In("text") {
		t.Errorf("nothing to look for, and %s", got)
	}
}

// TestReplaceOverlapping: a secret within another one is one find.
func TestReplaceOverlapping(t *testing.T) {
	s := New(6, "abcdef", "Bearer abcdef", "defghi")
	for in, want := range map[string]string{
		"Authorization: Bearer abcdef.": "Authorization: *.", "abcdefabcdef": "**", "xabcdefghiy": "x*y", "Bearer abcdefghi": "*",
	} {
		if got := string(s.Replace([]byte(in), "*")); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestHeld(t *testing.T) {
	s := New(6, "test-secret-token")
	for in, want := range map[string]int{"": 0, "x": 0, "x test-sec": 8, "test-secret-token": 0, "test-secret-toke": 16, "a test-secret-tokenx": 0} {
		if got := s.Held([]byte(in)); got != want {
			t.Errorf("%q: %d, want %d", in, got, want)
		}
	}
}

// TestFindAgainstPlainSearch compares the one-pass search with a plain one on
// random text over a small alphabet, where near-matches are common.
func TestFindAgainstPlainSearch(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	word := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "abc"[random.IntN(3)]
		}
		return string(b)
	}
	hits := 0
	for range 300 {
		set := &Set{texts: []string{word(8), word(9 + random.IntN(4)), word(8) + word(random.IntN(80))}}
		set.index()
		text := word(200) + set.texts[2] + word(50) + set.texts[1][:7] + set.texts[0]
		var want [][2]int
		for i := range text {
			for _, s := range set.texts {
				if strings.HasPrefix(text[i:], s) {
					want = append(want, [2]int{i, i + len(s)})
				}
			}
		}
		if diff := cmp.Diff(want, set.Find([]byte(text))); diff != "" {
			t.Fatalf("%q in %q: %s", set.texts, text, diff)
		}
		hits += len(want)
	}
	t.Logf("%d matches", hits)
}
