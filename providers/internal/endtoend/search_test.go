package endtoend_test

import (
	"encoding/base64"
	"encoding/hex"
	stdjson "encoding/json"
	"fmt"
	"html"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// spellings lists how a secret may appear in text, by name. They are made with
// the standard library only, so that a fault of the masking code is no fault of
// the search.
func spellings(secret string) map[string]string {
	s := map[string]string{
		"plain": secret, "lower case": strings.ToLower(secret), "quoted": trimQuotes(fmt.Sprintf("%q", secret)),
		"JSON": trimQuotes(marshal(secret)), "JSON, HTML-safe": trimQuotes(marshalHTML(secret)),
		"JSON, slashes escaped": strings.ReplaceAll(trimQuotes(marshal(secret)), "/", `\/`), "JSON, all escaped": allEscaped(secret),
		"XML": html.EscapeString(secret), "query": url.QueryEscape(secret), "path": url.PathEscape(secret),
		"query, %20": strings.ReplaceAll(url.QueryEscape(secret), "+", "%20"), "query, lower": lowerPercent(url.QueryEscape(secret)),
		"hex": hex.EncodeToString([]byte(secret)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"Go bytes": trimBrackets(fmt.Sprint([]byte(secret))), "Go syntax": goBytes(secret),
	}
	for offset := range 3 {
		for name, enc := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
			s[fmt.Sprintf("%s at %d", name, offset)] = core64(enc, secret, offset)
		}
	}
	return s
}

// core64 are the characters of a base64 text that no neighbour of the secret
// has a part in.
func core64(enc *base64.Encoding, secret string, offset int) string {
	whole := enc.EncodeToString([]byte(strings.Repeat("\x00", offset) + secret))
	end := (offset + len(secret)) * 8 / 6
	return whole[(offset*8+5)/6 : end]
}

func marshal(s string) string {
	var b strings.Builder
	enc := stdjson.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s)
	return strings.TrimSpace(b.String())
}

func marshalHTML(s string) string {
	b, _ := stdjson.Marshal(s)
	return string(b)
}

func allEscaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return b.String()
}

func lowerPercent(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:], strings.ToLower(string(b[i+1:i+3])))
		}
	}
	return string(b)
}

func goBytes(s string) string {
	text := fmt.Sprintf("%#v", []byte(s))
	return strings.TrimSuffix(text[strings.IndexByte(text, '{')+1:], "}")
}

func trimQuotes(s string) string   { return s[1 : len(s)-1] }
func trimBrackets(s string) string { return s[1 : len(s)-1] }

// needle is one spelling to look for.
type needle struct{ name, text string }

// needlesOf are the different spellings of a secret, in a fixed order.
func needlesOf(secret string) []needle {
	forms := spellings(secret)
	var list []needle
	for _, name := range slices.Sorted(maps.Keys(forms)) {
		same := func(n needle) bool { return n.text == forms[name] }
		if name != "lower case" && !slices.ContainsFunc(list, same) {
			list = append(list, needle{name, forms[name]})
		}
	}
	return append(list, needle{"lower case", forms["lower case"]})
}

// find returns the name of the first spelling of the secret in text, "" when
// there is none.
func find(secret, text string) string {
	return findIn(needlesOf(secret), text, strings.ToLower(text))
}

// findIn takes the text in lower case too: that is made once for all secrets.
func findIn(needles []needle, text, lower string) string {
	for _, n := range needles {
		haystack := text
		if n.name == "lower case" {
			haystack = lower
		}
		if i := strings.Index(haystack, n.text); i >= 0 {
			return fmt.Sprintf("%s at …%q", n.name, haystack[max(0, i-60):min(len(haystack), i+len(n.text)+20)])
		}
	}
	return ""
}

// TestSearchFinds: a search that finds nothing anywhere proves nothing.
func TestSearchFinds(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{plainToken, oddToken} {
		for name, form := range spellings(secret) {
			if find(secret, "before "+form+" after") == "" {
				t.Errorf("%s of %q is not found", name, secret)
			}
		}
		basic := base64.StdEncoding.EncodeToString([]byte("user:" + secret + "!"))
		if find(secret, basic) == "" {
			t.Errorf("a basic credential is not found for %q", secret)
		}
		printed := everyForm(struct{ Token string }{secret})
		for name, text := range printed {
			if find(secret, text) == "" {
				t.Errorf("%s does not show %q", name, secret)
			}
		}
		if find(secret, strings.Repeat("nothing here ", 100)) != "" {
			t.Errorf("%q was found where it is not", secret)
		}
	}
}
