// Package standin makes a stand-in for a provider from its OpenAPI document: a
// server on loopback that checks the credential, validates every request
// against the document and answers from handlers or with made-up data. It is
// for demos and tests.
package standin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
)

// maxBody bounds what a request may send, in bytes.
const maxBody = 4 << 20

// Server is an http.Handler that stands in for a provider. It is safe for
// concurrent use.
type Server struct {
	doc     *document
	routes  *routes
	profile Profile
	base    string // path of the document's server, which clients may send or not

	mu       sync.Mutex
	handlers map[string]Handler
	seen     []Seen
}

// Handler answers a valid request of one operation.
type Handler func(*Call) Answer

// Call is a request that passed the credential and the document.
type Call struct {
	Operation string
	Path      map[string]string // values of the path parameters, decoded
	Query     url.Values
	Form      url.Values // members of a form body, nil for another one
	JSON      any        // tree of a JSON body, nil for another one
	URL       *url.URL   // absolute, for links to the next page

	server *Server
}

// Answer is a status (0 means 200), further headers and a body that is sent as
// JSON; a nil body sends none.
type Answer struct {
	Status int
	Header http.Header
	Body   any
}

// Seen is what the server keeps of a request: names, never values.
type Seen struct {
	Operation string   // "" when no operation matched
	Status    int      // what was answered
	Headers   []string // names of the headers, sorted
	Query     []string // names of the query parameters, sorted
	Reason    string   // why it was refused: place and rule, without the value
}

// New reads a document and returns its stand-in. Without an option that sets a
// Profile every request is let in. Options may name the operations to serve;
// naming one that the document lacks is an error.
func New(spec []byte, opts ...Option) (*Server, error) {
	var cfg config
	for _, opt := range opts {
		opt(&cfg)
	}
	doc, err := parse(spec)
	if err != nil {
		return nil, err
	}
	s := &Server{doc: doc, profile: cfg.profile, base: doc.basePath(), handlers: map[string]Handler{}}
	if s.profile.Refuse == nil {
		s.profile.Refuse = plainRefusal
	}
	if s.routes, err = newRoutes(doc, cfg.operations); err != nil {
		return nil, err
	}
	return s, nil
}

// Handle answers an operation from h instead of with made-up data. It returns
// an error when the operation is not served.
func (s *Server) Handle(operation string, h Handler) error {
	if s.routes.byID[operation] == nil {
		return fmt.Errorf("standin: operation %q is not served", operation)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handlers[operation] = h
	return nil
}

// Seen returns what arrived so far, oldest first.
func (s *Server) Seen() []Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	seen := Seen{Headers: slices.Sorted(maps.Keys(r.Header)), Query: slices.Sorted(maps.Keys(r.URL.Query()))}
	if seen.Headers == nil {
		seen.Headers = []string{}
	}
	answer, refusal := s.serve(r, &seen)
	status := &statusWriter{ResponseWriter: w}
	if refusal != nil {
		seen.Reason = refusal.Reason
		s.profile.Refuse(status, *refusal)
	} else {
		answer.write(status)
	}
	seen.Status = status.status
	s.mu.Lock()
	s.seen = append(s.seen, seen)
	s.mu.Unlock()
}

func (s *Server) serve(r *http.Request, seen *Seen) (Answer, *Refusal) {
	route, values := s.routes.match(r.Method, s.base, r.URL.EscapedPath())
	if route == nil {
		return Answer{}, &Refusal{Status: http.StatusNotFound, Reason: "no operation has this method and path"}
	}
	seen.Operation = route.id
	if refusal := s.profile.check(r); refusal != nil {
		return Answer{}, refusal
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return Answer{}, invalid("the body can't be read or is too long")
	}
	v, err := route.validator(s.doc, s.profile.Params)
	if err != nil {
		return Answer{}, &Refusal{Status: http.StatusInternalServerError, Reason: err.Error()}
	}
	if reason := v.check(r, values, body); reason != "" {
		return Answer{}, invalid(reason)
	}
	call := &Call{Operation: route.id, Path: values, Query: r.URL.Query(), URL: absolute(r), server: s}
	call.read(r.Header.Get("Content-Type"), body)
	s.mu.Lock()
	handler := s.handlers[route.id]
	s.mu.Unlock()
	if handler != nil {
		return handler(call), nil
	}
	status, sample, err := s.sample(route)
	if err != nil {
		return Answer{}, &Refusal{Status: http.StatusInternalServerError, Reason: err.Error()}
	}
	return Answer{Status: status, Body: sample}, nil
}

// Sample makes a success body of an operation from its schema: every required
// member has a value.
func (s *Server) Sample(operation string) (any, error) {
	route := s.routes.byID[operation]
	if route == nil {
		return nil, fmt.Errorf("standin: operation %q is not served", operation)
	}
	_, v, err := s.sample(route)
	return v, err
}

func (c *Call) read(contentType string, body []byte) {
	if len(body) == 0 {
		return
	}
	if isForm(contentType) {
		// The document's validator has parsed it before.
		c.Form, _ = url.ParseQuery(string(body))
		return
	}
	if v, err := decode(body); err == nil {
		c.JSON = v
	}
}

// Members picks members of a JSON body that is an object; absent ones are left
// out.
func (c *Call) Members(names ...string) map[string]any {
	out := node{}
	for _, name := range names {
		if v, ok := object(c.JSON)[name]; ok {
			out[name] = v
		}
	}
	return out
}

func (a Answer) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.Header)
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	if a.Body == nil {
		w.WriteHeader(a.Status)
		return
	}
	b, err := json.Marshal(a.Body)
	if err != nil {
		http.Error(w, "the handler's answer is no JSON", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(a.Status)
	_, _ = w.Write(b) // the client went away: nobody is left to tell
}

func absolute(r *http.Request) *url.URL {
	u := *r.URL
	u.Scheme, u.Host = "http", r.Host
	if r.TLS != nil {
		u.Scheme = "https"
	}
	return &u
}

type statusWriter struct {
	http.ResponseWriter

	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

func decode(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}
