package wiretest

import (
	"bytes"
	"io"
	"net/http"
	"sync"

	"github.com/grantwire/grantwire/providers/internal/wiretest/plain"
)

// recorder is the network: it keeps each request and answers 204, but the first
// one as first says, when it is set.
type recorder struct {
	first  func(*http.Request) (*http.Response, error)
	answer http.RoundTripper // nil: 204

	mu   sync.Mutex
	seen []plain.Captured
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	c := plain.Captured{Method: req.Method, URL: req.URL.String(), Header: req.Header.Clone(), Length: req.ContentLength}
	if req.Body != nil {
		var err error
		if c.Body, err = io.ReadAll(req.Body); err == nil {
			err = req.Body.Close()
		}
		if err != nil {
			return nil, err
		}
		if len(c.Body) > 0 && c.Length == 0 {
			c.Length = -1 // net/http: a body of unknown length
		}
	}
	r.mu.Lock()
	r.seen = append(r.seen, c)
	first := len(r.seen) == 1 && r.first != nil
	r.mu.Unlock()
	if first {
		return r.first(req)
	}
	if r.answer != nil {
		again := req.Clone(req.Context())
		again.Body = io.NopCloser(bytes.NewReader(c.Body))
		return r.answer.RoundTrip(again)
	}
	return &http.Response{
		StatusCode: http.StatusNoContent,
		Status:     "204 No Content",
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     http.Header{},
		Body:       http.NoBody,
		Request:    req,
	}, nil
}

func (r *recorder) reset() { r.take() }

func (r *recorder) take() []plain.Captured {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.seen
	r.seen = nil
	return seen
}

// Inject returns a Transport for Config that sets one header, as a vault does.
func Inject(name, value string) func(http.RoundTripper) http.RoundTripper {
	return inject(map[string]string{name: value}, nil)
}
