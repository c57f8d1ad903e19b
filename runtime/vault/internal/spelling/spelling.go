// Package spelling finds secrets in text, in the spellings in which software
// writes them: as they are, escaped for JSON, XML and URLs, in hex and in base64,
// wherever in a longer text they stand.
package spelling

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

var xmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

// Of lists the spellings of a secret; some may occur twice, or be empty.
func Of(secret string) []string {
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
	out = append(out, escaped(secret)...)
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
