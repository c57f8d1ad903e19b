package api

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// follow decides about the redirect resp. Documented ones are followed once: on
// the same host with everything, to another host for a download only and with
// nothing of the original request but its method. reason tells why not.
func (k *call) follow(resp *http.Response) (next *url.URL, elsewhere bool, reason string) {
	location := resp.Header.Get("Location")
	known := []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect}
	switch {
	case !slices.Contains(known, resp.StatusCode):
		return nil, false, ""
	case k.op.Method != http.MethodGet && k.op.Method != http.MethodHead, !k.op.Redirect:
		return nil, false, "the redirect is not one that the operation documents"
	case location == "":
		return nil, false, "the redirect names no location"
	}
	next, err := k.url.Parse(location)
	if err != nil || next.Host == "" || next.User != nil {
		return nil, false, "the location of the redirect is no URL"
	}
	switch {
	case sameOrigin(next, k.url):
		return next, false, ""
	case !k.streams():
		return nil, false, "a redirect to another host is followed for downloads only"
	case next.Scheme != "https" && next.Scheme != "http":
		return nil, false, "the redirect leaves HTTP"
	case k.url.Scheme == "https" && next.Scheme == "http" && !loopback(next.Hostname()):
		return nil, false, "the redirect goes from https to http"
	}
	return next, true, ""
}

func sameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if strings.EqualFold(u.Scheme, "https") {
		return "443"
	}
	return "80"
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// elsewhere fetches a download from a host that is not the provider's. The
// context keeps its end but loses its values: instrumented transports read trace
// headers from there.
func (k *call) elsewhere(u *url.URL) (*http.Response, error) {
	req := (&http.Request{
		Method: k.op.Method, URL: u, Host: u.Host, Header: http.Header{},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(bare{k.ctx})
	client := http.Client{
		Transport:     k.config.plainTransport(),
		Timeout:       k.config.http.Timeout,
		CheckRedirect: k.config.http.CheckRedirect,
	}
	return client.Do(req)
}

func (c *clientConfig) plainTransport() http.RoundTripper {
	if c.download != nil {
		return c.download
	}
	switch t := c.http.Transport.(type) {
	case interface{ PlainTransport() http.RoundTripper }:
		if plain := t.PlainTransport(); plain != nil {
			return plain
		}
	case *http.Transport:
		return t // adds no credential, and may hold the proxy and the CA that are needed
	}
	return http.DefaultTransport
}

// bare is a context that ends with another one and holds none of its values.
type bare struct{ parent context.Context }

func (b bare) Deadline() (time.Time, bool) { return b.parent.Deadline() }
func (b bare) Done() <-chan struct{}       { return b.parent.Done() }
func (b bare) Err() error                  { return b.parent.Err() }
func (bare) Value(any) any                 { return nil }
