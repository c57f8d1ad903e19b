package lower

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/grantwire/grantwire/generator/internal/diag"
)

// server is the address of the first server that has one. A path is taken as one on
// the host of base; without a base it is no address, and "" is returned.
func (l *lowerer) server(servers openapi3.Servers, base, pointer string) string {
	for i, s := range servers {
		if s == nil {
			continue
		}
		text := s.URL
		for _, name := range slices.Sorted(maps.Keys(s.Variables)) {
			text = strings.ReplaceAll(text, "{"+name+"}", s.Variables[name].Default)
		}
		at := fmt.Sprintf("%s/%d/url", pointer, i)
		if address := l.address(strings.TrimSpace(text), base, at); address != "" {
			return strings.TrimRight(address, "/")
		}
	}
	return ""
}

func (l *lowerer) address(text, base, pointer string) string {
	switch {
	case strings.HasPrefix(text, "https://"), strings.HasPrefix(text, "http://"):
	case strings.HasPrefix(text, "//"), host.MatchString(text):
		text = "https://" + strings.TrimPrefix(text, "//")
		l.report(diag.Warning, pointer, "server-without-scheme", "the server has no scheme; it is read as "+text, "write the scheme")
	case strings.HasPrefix(text, "/") && base != "":
		from, err := url.Parse(base)
		if err != nil {
			return ""
		}
		text = from.Scheme + "://" + from.Host + text
	default:
		return ""
	}
	if u, err := url.Parse(text); err != nil || u.Host == "" || strings.Contains(u.Host, "{") {
		return ""
	}
	return text
}

// host matches an address whose scheme was forgotten: "api.example.com/v1".
var host = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]+)?(/.*)?$`)
