package local

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// destination is a provider URL that was taken apart. It never holds the
// query, the fragment or user-info.
type destination struct {
	origin string // "https://api.github.com", "http://127.0.0.1:8080": no default port, lower case
	path   string // escaped, "/" at least
	query  string // raw; used by proxy mode only, never stored
}

var (
	errURLControl  = errors.New("the URL holds a control character")
	errURLScheme   = errors.New("the URL must be absolute, https (or http to localhost, 127.0.0.1 or ::1)")
	errURLPath     = errors.New("the URL's path holds a malformed percent escape")
	errURLUserInfo = errors.New("the URL must not hold a user name or password")
	errURLHost     = errors.New("the URL's host must be a plain ASCII name or address (no trailing dot, internationalised names in their xn-- form) with an optional port")
)

// parseDestination accepts a URL only when every reader takes it for the same
// scheme, host and port. URL parsers disagree about backslashes, user-info,
// odd ports and Unicode hosts; a binding to hosts is worth nothing where they
// do, so the authority is held to a small grammar instead of being parsed.
func parseDestination(raw string) (destination, error) {
	for i := range len(raw) {
		if raw[i] < 0x20 || raw[i] == 0x7f {
			return destination{}, errURLControl
		}
	}
	scheme, rest, found := strings.Cut(raw, "://")
	scheme = asciiLower(scheme)
	if !found || scheme != "https" && scheme != "http" {
		return destination{}, errURLScheme
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, rest := rest[:end], rest[end:]
	if strings.Contains(authority, "@") {
		return destination{}, errURLUserInfo
	}
	host, port, err := splitAuthority(authority)
	if err != nil {
		return destination{}, err
	}
	if scheme == "http" && !wire.IsLoopbackName(strings.Trim(host, "[]")) {
		return destination{}, errURLScheme
	}
	if port != "" && port != map[string]string{"https": "443", "http": "80"}[scheme] {
		host += ":" + port
	}
	rest, _, _ = strings.Cut(rest, "#")
	path, query, _ := strings.Cut(rest, "?")
	d := destination{origin: scheme + "://" + host, path: escapeRaw(path), query: escapeRaw(query)}
	if d.path == "" {
		d.path = "/"
	}
	// The second opinion of the parser that dials in proxy mode.
	u, err := url.Parse(d.origin + d.path)
	if err != nil || u.User != nil || u.Scheme+"://"+u.Host != d.origin {
		return destination{}, errURLPath
	}
	return d, nil
}

// escapeRaw escapes what a path or query may not hold in raw form, spaces and
// non-ASCII characters, as every client does on the way.
func escapeRaw(text string) string {
	var out strings.Builder
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7f {
			fmt.Fprintf(&out, "%%%02X", c)
			continue
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// splitAuthority checks host[:port] and returns the host in its one canonical
// spelling, with brackets when it is IPv6.
func splitAuthority(authority string) (host, port string, err error) {
	if strings.HasPrefix(authority, "[") {
		end := strings.IndexByte(authority, ']')
		if end < 0 {
			return "", "", errURLHost
		}
		addr, err := netip.ParseAddr(authority[1:end])
		if err != nil || !addr.Is6() || addr.Zone() != "" || addr.Is4In6() {
			return "", "", errURLHost
		}
		host, port = "["+addr.String()+"]", authority[end+1:]
		if port != "" && port[0] != ':' {
			return "", "", errURLHost
		}
	} else {
		i := strings.IndexByte(authority, ':')
		if i < 0 {
			i = len(authority)
		}
		host, port = asciiLower(authority[:i]), authority[i:]
		if !plainHost(host) {
			return "", "", errURLHost
		}
	}
	if port == "" {
		return host, "", nil
	}
	n, err := strconv.ParseUint(port[1:], 10, 16)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != port[1:] {
		return "", "", errURLHost
	}
	return host, port[1:], nil
}

// plainHost accepts DNS names of letters, digits, hyphens and underscores, and
// dotted IPv4 addresses. A name whose last label begins with a digit is an
// address to some resolvers (127.1, 0x7f000001), so only the canonical form of
// an address passes there.
func plainHost(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
		last = label
	}
	if '0' <= last[0] && last[0] <= '9' {
		addr, err := netip.ParseAddr(host)
		return err == nil && addr.Is4()
	}
	return true
}

// asciiLower leaves every other character as it is: Unicode folding would turn
// the Kelvin sign into a k.
func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// parseOrigin reads an entry of GrantSpec.Hosts.
func parseOrigin(raw string) (string, error) {
	d, err := parseDestination(raw)
	if err != nil {
		return "", err
	}
	if d.path != "/" || strings.ContainsAny(raw, "?#") {
		return "", errors.New("the host must be scheme, host and port only, without a path or query")
	}
	return d.origin, nil
}

// auditOrigin is what a refused URL leaves in the audit row: where it would
// have gone, as far as that can be told, and never user-info or a query.
func auditOrigin(raw string) (origin, path string) {
	if d, err := parseDestination(raw); err == nil {
		return d.origin, bounded(d.path, maxAuditPath)
	}
	if u, err := url.Parse(raw); err == nil && u.Host != "" && u.User == nil && !strings.ContainsAny(u.Host, "@\\") {
		return bounded(u.Scheme+"://"+u.Host, 300), ""
	}
	return "", ""
}
