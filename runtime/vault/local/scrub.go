package local

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// minSecret is the shortest secret that is looked for in answers: a shorter one
// would occur by chance, and its replacement would damage honest data.
const minSecret = 6

const scrubbed = "[redacted]"

// scrubber takes a credential out of a provider's answer, in the encodings in
// which providers echo it: plain, JSON-escaped, percent-encoded, base64.
type scrubber struct{ needles [][]byte }

func newScrubber(c *wire.Credential, more ...string) *scrubber {
	s := &scrubber{}
	s.add(c.AccessToken)
	if !signs(c) { // the header's value is not made of the token then
		s.add(c.HeaderValue())
	}
	s.add(c.BasicSecret())
	for _, secret := range more {
		s.add(secret)
	}
	for _, name := range sortedKeys(c.Additional) {
		if !signs(c) || name != "region" && name != "service" { // those are no secrets
			s.add(c.Additional[name])
		}
	}
	// The longer one first: a needle may be a part of another.
	slices.SortStableFunc(s.needles, func(a, b []byte) int { return len(b) - len(a) })
	return s
}

func (s *scrubber) add(secret string) {
	if len(secret) < minSecret {
		return
	}
	query, path, dumped := url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret))
	forms := []string{
		secret, query, path, strings.ReplaceAll(query, "+", "%20"), lowerEscapes(query), lowerEscapes(path),
		dumped, strings.ToUpper(dumped), xmlEscaper.Replace(secret),
	}
	if quoted, err := json.Marshal(secret); err == nil {
		plain := string(quoted[1 : len(quoted)-1])
		forms = append(forms, plain, strings.ReplaceAll(plain, "/", `\/`))
	}
	if quoted, err := json.Marshal(secret, jsontext.EscapeForHTML(true)); err == nil {
		forms = append(forms, string(quoted[1:len(quoted)-1]))
	}
	forms = append(forms, wire.EscapedSpellings(secret)...)
	forms = append(forms, base64Cores(secret)...)
	for _, f := range forms {
		if !slices.ContainsFunc(s.needles, func(n []byte) bool { return string(n) == f }) {
			s.needles = append(s.needles, []byte(f))
		}
	}
}

var xmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:], bytes.ToLower(b[i+1:i+3]))
		}
	}
	return string(b)
}

// name is text for a header name, whose case the HTTP library decides.
func (s *scrubber) name(t string) string {
	lower := strings.ToLower(t)
	for _, n := range s.needles {
		if strings.Contains(lower, strings.ToLower(string(n))) {
			return "x-masked"
		}
	}
	return t
}

// base64Cores are the base64 texts that every base64 of a text with the secret
// in it contains, one for each position of the secret modulo three, without
// the characters at the ends that depend on its neighbours.
func base64Cores(secret string) []string {
	var cores []string
	for shift := range 3 {
		padded := append(make([]byte, shift), secret...)
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := enc.EncodeToString(padded)
			start, end := (shift*8+5)/6, len(padded)*8/6
			if end-start >= minSecret {
				cores = append(cores, text[start:end])
			}
		}
	}
	return cores
}

func (s *scrubber) bytes(b []byte) []byte {
	for _, n := range s.needles {
		if bytes.Contains(b, n) {
			b = bytes.ReplaceAll(b, n, []byte(scrubbed))
		}
	}
	return b
}

func (s *scrubber) text(t string) string { return string(s.bytes([]byte(t))) }

// longest is the length of the longest needle: what a cut could split.
func (s *scrubber) longest() int {
	if len(s.needles) == 0 {
		return 0
	}
	return len(s.needles[0])
}
