package wire

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// CanonicalPath returns what is signed for a request target such as
// "/sdk/x?b=2&a=1": the decoded path and the decoded, sorted and re-encoded
// query. A path prefix of the base URL is not part of the target.
//
// net/url's own decoders refuse inputs that the protocol accepts, so the
// decoding is done here.
func CanonicalPath(target string) string {
	path, query, _ := strings.Cut(target, "?")
	path = percentDecode(path)
	if query == "" {
		return path
	}
	type pair struct{ name, value string }
	var pairs []pair
	for item := range strings.SplitSeq(query, "&") {
		if item == "" {
			continue
		}
		name, value, _ := strings.Cut(item, "=")
		pairs = append(pairs, pair{formDecode(name), formDecode(value)})
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	var out strings.Builder
	out.WriteString(path)
	out.WriteByte('?')
	for i, p := range pairs {
		if i > 0 {
			out.WriteByte('&')
		}
		out.WriteString(url.QueryEscape(p.name))
		out.WriteByte('=')
		out.WriteString(url.QueryEscape(p.value))
	}
	return out.String()
}

func formDecode(s string) string {
	return percentDecode(strings.ReplaceAll(s, "+", " "))
}

// percentDecode decodes every well-formed %XX and leaves the others alone.
// Decoded bytes that are not UTF-8 become U+FFFD, one for each maximal invalid
// part, and never join with characters that were written directly.
func percentDecode(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var out, run []byte
	flush := func() {
		out = appendValid(out, run)
		run = run[:0]
	}
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			run = append(run, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 3
		case c < utf8.RuneSelf:
			run = append(run, c)
			i++
		default:
			flush()
			out = append(out, c)
			i++
		}
	}
	flush()
	return string(out)
}

// appendValid appends b with invalid UTF-8 replaced, in the way of Unicode's
// "maximal subpart" rule: "\xe2\x82" is one replacement, where Go's own
// conversions would make two.
func appendValid(dst, b []byte) []byte {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r != utf8.RuneError || n > 1 {
			dst = append(dst, b[:n]...)
			b = b[n:]
			continue
		}
		dst = utf8.AppendRune(dst, utf8.RuneError)
		b = b[invalidLen(b):]
	}
	return dst
}

func invalidLen(b []byte) int {
	lo, hi, more := byte(0x80), byte(0xBF), 0
	switch c := b[0]; {
	case 0xC2 <= c && c <= 0xDF:
		more = 1
	case c == 0xE0:
		lo, more = 0xA0, 2
	case c == 0xED:
		hi, more = 0x9F, 2
	case 0xE1 <= c && c <= 0xEF:
		more = 2
	case c == 0xF0:
		lo, more = 0x90, 3
	case c == 0xF4:
		hi, more = 0x8F, 3
	case 0xF1 <= c && c <= 0xF3:
		more = 3
	}
	n := 1
	for n <= more && n < len(b) && lo <= b[n] && b[n] <= hi {
		lo, hi = 0x80, 0xBF
		n++
	}
	return n
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}
