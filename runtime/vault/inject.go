package vault

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// inject returns a copy of the call's request that holds the credential, and
// what of it must not be seen again.
func inject(c *call, cred wire.Credential, signer Signer) (*http.Request, []string, *Error) {
	if cred.Signs() {
		return sign(c, cred, signer)
	}
	req := c.req.Clone(c.req.Context())
	secrets := []string{cred.AccessToken, cred.BasicSecret(minMasked)}
	if cred.InjectionHeader != wire.PlaceholderHeader {
		setHeader(req.Header, cred.InjectionHeader, cred.HeaderValue())
	}
	for _, in := range cred.Injections {
		value, ok := cred.Value(in)
		if !ok {
			continue
		}
		secrets = append(secrets, value)
		if in.Target == wire.TargetHeader {
			setHeader(req.Header, in.Key, value)
		} else {
			req.URL.RawQuery = setQuery(req.URL.RawQuery, in.Key, value)
		}
	}
	if len(req.URL.String()) > wire.MaxURL {
		return nil, nil, invalid("url", "is longer than 65536 characters with the credential")
	}
	return req, secrets, nil
}

// setQuery adds a parameter, keeps the rest of the query as it was written, and
// removes the caller's own parameter of that name.
func setQuery(raw, key, value string) string {
	var kept []string
	for part := range strings.SplitSeq(raw, "&") {
		name, _, _ := strings.Cut(part, "=")
		if decoded, err := url.QueryUnescape(name); part != "" && (err != nil || decoded != key) {
			kept = append(kept, part)
		}
	}
	return strings.Join(append(kept, url.QueryEscape(key)+"="+url.QueryEscape(value)), "&")
}

// withQuery returns a copy of u with further parameters. The query that u has
// stays as it was written; the official client drops it.
func withQuery(u *url.URL, more url.Values) *url.URL {
	if len(more) == 0 {
		return u
	}
	c := *u
	if c.RawQuery != "" {
		c.RawQuery += "&"
	}
	c.RawQuery += more.Encode()
	return &c
}
