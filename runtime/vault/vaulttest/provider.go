package vaulttest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Request is one request that reached the provider.
type Request struct {
	Method  string
	URL     string // with its query
	Header  http.Header
	Body    []byte
	GrantID string // whose credential it carries; "" = none of this vault
}

// String returns method and URL without its query.
func (r Request) String() string { return r.Method + " " + withoutQuery(r.URL) }

// Format prints String for every verb: headers, query and body may hold secrets.
func (r Request) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, r.String()) }

// provider answers from the script and records what it is asked.
type provider struct {
	next    http.RoundTripper
	missing func(method, url string, known []string) error

	mu       sync.Mutex
	grants   map[string]string // token to grant
	requests []Request
	script   []*answer
}

type answer struct {
	method, url string
	used        bool
	reply       func(*http.Request) (*http.Response, error)
}

func (p *provider) know(token, grant string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.grants[token] = grant
}

func (p *provider) token(grant string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for token, id := range p.grants {
		if id == grant {
			return token
		}
	}
	return ""
}

func (p *provider) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		body, err = io.ReadAll(req.Body)
		_ = req.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	target := *req.URL
	target.User = nil
	seen := Request{Method: req.Method, URL: target.String(), Header: req.Header.Clone(), Body: body}
	chosen, known := p.choose(&seen)
	again := req.Clone(req.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	switch {
	case chosen != nil:
		return chosen.reply(again)
	case p.next != nil:
		return p.next.RoundTrip(again)
	}
	return nil, p.missing(req.Method, withoutQuery(seen.URL), known)
}

// choose records the request and picks its answer: in the order of the script, and
// the last one stays.
func (p *provider) choose(r *Request) (chosen *answer, known []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.GrantID = p.grantOf(r)
	p.requests = append(p.requests, *r)
	for _, a := range p.script {
		if !a.fits(r) {
			known = append(known, a.method+" "+a.url)
			continue
		}
		chosen = a
		if !a.used {
			break
		}
	}
	if chosen != nil {
		chosen.used = true
	}
	return chosen, known
}

func (a *answer) fits(r *Request) bool {
	return (a.method == "" || strings.EqualFold(a.method, r.Method)) &&
		(a.url == "" || a.url == r.URL || a.url == withoutQuery(r.URL))
}

// grantOf finds the grant by its token, wherever in headers or query it stands.
func (p *provider) grantOf(r *Request) string {
	var texts []string
	for _, values := range r.Header {
		texts = append(texts, values...)
	}
	if u, err := url.Parse(r.URL); err == nil {
		for _, values := range u.Query() {
			texts = append(texts, values...)
		}
	}
	for token, grant := range p.grants {
		if slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, token) }) {
			return grant
		}
	}
	return ""
}

// Answer answers a request to the provider. An empty method or url stands for any;
// a url without a query fits whatever the query is. body is sent as it is, with
// the media type JSON. Answers that fit the same request are used in the order
// they were given, and the last one stays. A request without the credential of a
// grant gets 401.
func (v *Vault) Answer(method, url string, status int, body string) {
	v.AnswerFunc(method, url, func(req *http.Request) (*http.Response, error) {
		return reply(req, status, body), nil
	})
}

// Break answers a request with err, as a broken connection does.
func (v *Vault) Break(method, url string, err error) {
	if err == nil {
		err = errors.New("vaulttest: broken")
	}
	v.AnswerFunc(method, url, func(*http.Request) (*http.Response, error) { return nil, err })
}

// AnswerFunc is [Vault.Answer] with the answer that f makes. f may be called by
// several goroutines at once.
func (v *Vault) AnswerFunc(method, url string, f func(*http.Request) (*http.Response, error)) {
	p := v.provider
	p.mu.Lock()
	defer p.mu.Unlock()
	p.script = append(p.script, &answer{method: method, url: url, reply: func(req *http.Request) (*http.Response, error) {
		p.mu.Lock()
		grant := p.grantOf(&Request{URL: req.URL.String(), Header: req.Header})
		p.mu.Unlock()
		if grant == "" {
			return reply(req, http.StatusUnauthorized, `{"message":"Requires authentication"}`), nil
		}
		return f(req)
	}})
}

func reply(req *http.Request, status int, body string) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: req,
	}
}

// Requests returns what reached the provider, in order, in both modes.
func (v *Vault) Requests() []Request {
	v.provider.mu.Lock()
	defer v.provider.mu.Unlock()
	return slices.Clone(v.provider.requests)
}

func withoutQuery(s string) string {
	s, _, _ = strings.Cut(s, "#")
	s, _, _ = strings.Cut(s, "?")
	return s
}
