package api

import (
	"net/url"
	"strings"
)

const hexDigits = "0123456789ABCDEF"

// appendEscaped percent-encodes everything but the unreserved characters of
// RFC 3986. A space becomes %20, which queries and forms both understand.
func appendEscaped[T string | []byte](dst []byte, s T) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '_', c == '.', c == '~':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return dst
}

// appendReserved is appendEscaped but for reserved characters that mean nothing in
// a query's value. "&", "+", ";" and "#" would end or change it.
func appendReserved(dst, s []byte) []byte {
	for i, c := range s {
		if strings.IndexByte(":/?@!$'()*,=", c) >= 0 {
			dst = append(dst, c)
		} else {
			dst = appendEscaped(dst, s[i:i+1])
		}
	}
	return dst
}

// setPath appends an escaped path to the base URL's.
func setPath(u *url.URL, base *url.URL, escaped string) error {
	if base.RawPath == "" && !hasPercent(escaped) {
		u.Path = base.Path + escaped
		if strings.ContainsAny(escaped, "()'!") { // a template's own signs, which package url would escape
			u.RawPath = u.Path
		}
		return nil
	}
	plain, err := url.PathUnescape(escaped)
	if err != nil {
		return &fieldError{field: "path", reason: "the operation's template is no valid path"}
	}
	u.Path, u.RawPath = base.Path+plain, base.EscapedPath()+escaped
	return nil
}

func hasPercent(s string) bool {
	for i := range len(s) {
		if s[i] == '%' {
			return true
		}
	}
	return false
}
