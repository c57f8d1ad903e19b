package wire

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// The URL errors say what is wrong and never hold the URL.
var (
	ErrURLSyntax   = errors.New("is not a valid absolute URL with a host")
	ErrURLPort     = errors.New("has a port above 65535")
	ErrURLScheme   = errors.New("must use https (http is for localhost, 127.0.0.1 and ::1 only)")
	ErrURLUserInfo = errors.New("must not hold a user name or password")
	ErrURLQuery    = errors.New("must not have a query or a fragment")
)

// CheckBaseURL applies the rules for a vault's base URL and returns it without
// its trailing slashes, otherwise unchanged.
func CheckBaseURL(base string) (string, error) {
	base = strings.TrimRight(base, "/")
	u, err := checkHTTP(base)
	switch {
	case err != nil:
		return "", err
	case u.User != nil:
		return "", ErrURLUserInfo
	case strings.ContainsAny(base, "?#"):
		return "", ErrURLQuery
	}
	return base, nil
}

// CheckProviderURL applies the protocol's rule for the URL of a provider. It
// lets user-info pass; whoever sends the request has to refuse that.
func CheckProviderURL(raw string) error {
	_, err := checkHTTP(raw)
	return err
}

func checkHTTP(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return nil, ErrURLSyntax // the parser's own text repeats the URL
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n > 65535 {
			return nil, ErrURLPort
		}
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !IsLoopbackName(u.Hostname())) {
		return nil, ErrURLScheme
	}
	return u, nil
}

// IsLoopbackName reports whether a host, without its port, is one of the three
// that plain http is allowed for.
func IsLoopbackName(host string) bool {
	switch strings.ToLower(host) {
	case "localhost", "127.0.0.1", "::1":
		return true
	}
	return false
}

// The path-parameter errors name no value.
var (
	ErrPathParamName = errors.New("a path parameter's name must match [A-Za-z_][A-Za-z0-9_]*")
	ErrPathParamLeft = errors.New("has a path placeholder without a value, or a stray brace")
)

// ResolvePath puts path parameters into a URL template such as
// "https://h/{a}". Every byte of a value except letters, digits and _ . - ~
// is percent-encoded, the slash included. A brace that is left over is an
// error; a parameter that is not used is not.
func ResolvePath(template string, params map[string]string) (string, error) {
	for name, value := range params {
		if !isParamName(name) {
			return "", ErrPathParamName
		}
		template = strings.ReplaceAll(template, "{"+name+"}", escapeAll(value))
	}
	if strings.ContainsAny(template, "{}") {
		return "", ErrPathParamLeft
	}
	return template, nil
}

func isParamName(s string) bool {
	return s != "" && !isDigit(s[0]) && onlyFrom(s, func(c byte) bool { return isAlnum(c) || c == '_' })
}

// escapeAll is url.QueryEscape with %20 for the space.
func escapeAll(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
