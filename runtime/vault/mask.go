package vault

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// minMasked is the length below which a secret is not searched for: shorter
// text would be found in innocent places.
const minMasked = 8

// masker finds secrets in the forms in which software writes them, and
// overwrites them with asterisks of the same length, so that lengths, offsets
// and checks of syntax stay as they were. It keeps the secrets behind a
// closure, out of reach of fmt and reflection. It is safe for concurrent use.
type masker struct{ spellings func() *spellingSet }

func newMasker(secrets ...string) masker {
	set := &spellingSet{}
	seen := map[string]bool{}
	for _, s := range secrets {
		for _, form := range forms(s) {
			if len(form) >= minMasked && !seen[form] {
				seen[form] = true
				set.texts = append(set.texts, form)
			}
		}
	}
	set.index()
	return masker{func() *spellingSet { return set }}
}

var xmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

// forms lists the spellings of a secret: as it is, escaped for JSON, XML and
// URLs, in hex, and in base64 at each of the three positions that it can have
// inside a longer text.
func forms(secret string) []string {
	quoted := func(opts ...jsontext.Options) string {
		b, err := jsontext.AppendFormat(nil, quote(secret), opts...)
		if err != nil {
			return ""
		}
		return string(b[1 : len(b)-1])
	}
	plain := quoted()
	query, path := url.QueryEscape(secret), url.PathEscape(secret)
	dumped := hex.EncodeToString([]byte(secret))
	out := []string{
		secret, plain, quoted(jsontext.EscapeForHTML(true)), strings.ReplaceAll(plain, "/", `\/`),
		xmlEscaper.Replace(secret), query, path, strings.ReplaceAll(query, "+", "%20"),
		lowerEscapes(query), lowerEscapes(path), dumped, strings.ToUpper(dumped),
	}
	out = append(out, wire.EscapedSpellings(secret)...)
	for offset := range 3 {
		std := base64At(secret, offset)
		out = append(out, std, strings.NewReplacer("+", "-", "/", "_").Replace(std), strings.ReplaceAll(std, "/", `\/`))
	}
	return out
}

func quote(s string) []byte {
	b, err := jsontext.AppendQuote(nil, s)
	if err != nil {
		return []byte(`""`) // not UTF-8: JSON cannot hold it as it is
	}
	return b
}

// base64At returns the characters of a base64 text that are decided by the
// secret alone when offset bytes (modulo 3) come before it.
func base64At(secret string, offset int) string {
	raw := append(make([]byte, offset), secret...)
	text := base64.RawStdEncoding.EncodeToString(raw)
	if len(raw)%3 != 0 {
		text = text[:len(text)-1]
	}
	return text[min(len(text), [...]int{0, 2, 3}[offset]):]
}

func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:], bytes.ToLower(b[i+1:i+3]))
		}
	}
	return string(b)
}

// mask overwrites every secret in b.
func (m masker) mask(b []byte) {
	for _, at := range m.spellings().find(b) {
		for i := at[0]; i < at[1]; i++ {
			b[i] = '*'
		}
	}
}

func (m masker) inString(s string) bool {
	return slices.ContainsFunc(m.spellings().texts, func(p string) bool { return strings.Contains(s, p) })
}

// inName looks into a header name, whose case the HTTP library decides.
func (m masker) inName(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(m.spellings().lower, func(p string) bool { return strings.Contains(name, p) })
}

func (m masker) maskString(s string) string {
	if !m.inString(s) {
		return s
	}
	b := []byte(s)
	m.mask(b)
	return string(b)
}

// held returns how many bytes at the end of b may be the beginning of a secret
// that goes on in what comes next.
func (m masker) held(b []byte) int {
	longest := 0
	for _, p := range m.spellings().texts {
		tail := b[max(0, len(b)-len(p)+1):]
		for len(tail) > longest {
			i := bytes.IndexByte(tail, p[0])
			if i < 0 || len(tail)-i <= longest {
				break
			}
			if tail = tail[i:]; strings.HasPrefix(p, string(tail)) {
				longest = len(tail)
				break
			}
			tail = tail[1:]
		}
	}
	return longest
}

// longest returns the length of the longest spelling.
func (m masker) longest() int { return m.spellings().longest }
