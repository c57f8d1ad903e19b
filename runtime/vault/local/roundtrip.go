package local

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// RoundTrip implements http.RoundTripper without a socket: it hands a copy of
// the request to the handler and returns what that wrote. Scheme, host and a
// path prefix before /sdk/ do not matter. It returns early when the request's
// context ends; what the vault has begun by then, it finishes.
func (v *Vault) RoundTrip(r *http.Request) (*http.Response, error) {
	body := r.Body
	if body == nil {
		body = http.NoBody
	}
	in, err := serverRequest(r, body)
	if err != nil {
		_ = body.Close()
		return nil, err
	}
	rec := &recorder{header: http.Header{}}
	done := make(chan error, 1)
	go func() {
		defer func() {
			_ = body.Close()
			// As in a net/http server, a panic ends one request and not the program.
			// Its value stays out of the error: it could hold anything.
			if p := recover(); p != nil {
				done <- fmt.Errorf("local: the handler panicked (%T)", p)
			}
		}()
		v.ServeHTTP(rec, in)
		done <- nil
	}()
	select {
	case err = <-done:
	case <-r.Context().Done():
		_ = body.Close() // unblocks a handler that is still reading
		err = r.Context().Err()
	}
	if err != nil {
		return nil, err
	}
	return rec.response(r), nil
}

func serverRequest(r *http.Request, body io.ReadCloser) (*http.Request, error) {
	if r.URL == nil {
		return nil, errors.New("local: RoundTrip: the request has no URL")
	}
	path := r.URL.EscapedPath()
	if i := strings.Index(path, "/sdk/"); i > 0 {
		path = path[i:]
	}
	u, err := url.ParseRequestURI(path)
	if err != nil {
		return nil, errors.New("local: RoundTrip: the request's path is not valid")
	}
	u.RawQuery = r.URL.RawQuery
	in := r.Clone(r.Context())
	in.URL, in.RequestURI, in.RemoteAddr = u, u.RequestURI(), "in-process"
	in.Body, in.Host = body, r.URL.Host
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	return in, nil
}

// recorder is the http.ResponseWriter of an in-memory request. It belongs to
// the handler's goroutine until that is done.
type recorder struct {
	header http.Header
	status int
	sent   http.Header
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	w.status, w.sent = status, make(http.Header, len(w.header))
	for name, values := range w.header { // spelled as a client reads them from a socket
		w.sent[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

func (w *recorder) response(r *http.Request) *http.Response {
	w.WriteHeader(http.StatusOK)
	return &http.Response{
		Status: fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}
}
