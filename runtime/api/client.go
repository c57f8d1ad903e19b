package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const defaultMaxBytes = 64 << 20

// Client calls the operations of one provider. Make it with [NewClient]. It is
// safe for concurrent use, and copies share one retry budget.
type Client struct{ config *clientConfig }

// NewClient returns a client that sends through hc; nil means a client like
// http.DefaultClient. hc is copied. Its CheckRedirect is not used, because this
// package decides about redirects; its Timeout bounds each attempt, downloads
// included, so prefer a context.
//
// A provider whose BaseURL is no URL makes every call fail with [*EncodeError].
func NewClient(hc *http.Client, p *Provider, opts ...ClientOption) *Client {
	if hc == nil {
		hc = http.DefaultClient
	}
	own := *hc
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if p == nil {
		p = &Provider{}
	}
	c := &clientConfig{provider: p, http: &own, userAgent: "grantwire", maxBytes: defaultMaxBytes}
	for _, o := range opts {
		if o != nil {
			o.applyToClient(c)
		}
	}
	c.parsed, c.baseFault = parseBase(p.BaseURL)
	c.budget = newBudget(c.retry.Budget)
	return &Client{config: c}
}

// String returns the name of the client's provider.
func (c Client) String() string {
	if c.config == nil {
		return "api.Client"
	}
	return "api.Client(" + c.config.provider.Name + ")"
}

// Format prints String for every verb: a client holds header values.
func (c Client) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(c.String())) }

// server returns the base URL of op: the caller's word, then the operation's,
// then the provider's.
func (c *clientConfig) server(op *Operation) (*url.URL, error) {
	switch {
	case c.base != nil:
		return c.base, nil
	case op.Server != "":
		return parseBase(op.Server)
	default:
		return c.parsed, c.baseFault
	}
}

func parseBase(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, &fieldError{field: "base URL", reason: "must be an absolute http or https URL"}
	}
	return cleanBase(u), nil
}

func cleanBase(u *url.URL) *url.URL {
	base := *u
	base.Path = strings.TrimRight(u.Path, "/")
	base.RawPath = strings.TrimRight(u.RawPath, "/")
	base.RawQuery, base.ForceQuery, base.Fragment, base.RawFragment = "", false, "", ""
	return &base
}
