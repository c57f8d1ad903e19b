package plain

import (
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// Captured is a request as it reached the network.
type Captured struct {
	Method string
	URL    string // as in http.Request.URL.String()
	Header http.Header
	Length int64 // http.Request.ContentLength
	Body   []byte
}

// Expect is what a request must hold, and all that it may hold.
type Expect struct {
	Operation *Operation
	Values    []Value     // one per parameter given
	Media     string      // media type of the body, "" for none
	Body      any         // JSON tree; string or []byte for text and bytes
	Headers   http.Header // further headers with their exact values
	Injected  []Value     // query parameters that hold a credential; they don't count as found
}

// Value is one parameter and the value that was given for it.
type Value struct {
	Param Param
	JSON  any
}

// Fault is one way in which a request is not what it should be.
type Fault struct {
	Place  string // "path", "query", "header", "body", "method", "url"
	Name   string // parameter, header or member, "" for the whole
	Reason string
}

func (f Fault) String() string {
	if f.Name == "" {
		return f.Place + ": " + f.Reason
	}
	return f.Place + " " + f.Name + ": " + f.Reason
}

// Found counts what a judge saw in its place.
type Found struct{ Params, Members int }

type judge struct {
	faults []Fault
	found  Found
}

// Judge compares a request with what was asked for.
func Judge(want Expect, got Captured) (Found, []Fault) {
	j := &judge{}
	if got.Method != want.Operation.Method {
		j.faultf("method", "", "is %s, not %s", got.Method, want.Operation.Method)
	}
	rest, ok := strings.CutPrefix(got.URL, want.Operation.Base)
	if !ok {
		j.faultf("url", "", "does not begin with %s", want.Operation.Base)
		return j.found, j.faults
	}
	rest, fragment, _ := strings.Cut(rest, "#")
	if fragment != "" {
		j.faultf("url", "", "has a fragment")
	}
	path, query, _ := strings.Cut(rest, "?")
	j.path(want, path)
	j.query(want, query)
	j.headers(want, got)
	j.body(want, got)
	return j.found, j.faults
}

func (j *judge) faultf(place, name, format string, args ...any) {
	j.faults = append(j.faults, Fault{Place: place, Name: name, Reason: fmt.Sprintf(format, args...)})
}

// headers takes every header of the request from a list of known ones.
func (j *judge) headers(want Expect, got Captured) {
	left := got.Header.Clone()
	j.cookies(want, left)
	for _, v := range want.Values {
		if v.Param.In != "header" {
			continue
		}
		name := http.CanonicalHeaderKey(v.Param.Name)
		text, fits, err := headerFits(v, left.Get(name))
		switch values := left[name]; {
		case err != nil:
			j.faultf("header", name, "%v", err)
		case len(values) != 1 || !fits:
			j.faultf("header", name, "is %q, not %q", values, text)
		default:
			j.found.Params++
		}
		delete(left, name)
	}
	for name, values := range want.Headers {
		switch {
		case len(left.Values(name)) == 0:
			j.faultf("header", name, "is missing")
		case !slices.Equal(left.Values(name), values):
			j.faultf("header", name, "is not the fixed value") // it may be a credential
		}
		left.Del(name)
	}
	j.mediaHeaders(want, got, left)
	for name := range left {
		j.faultf("header", name, "was not asked for")
	}
}

// mediaHeaders judges the headers that speak of the body, of the answer and of
// the client, and takes them off the list.
func (j *judge) mediaHeaders(want Expect, got Captured, left http.Header) {
	media, _, _ := mime.ParseMediaType(left.Get("Content-Type"))
	switch {
	case want.Media == "" && len(left.Values("Content-Type")) > 0 && len(got.Body) == 0:
		j.faultf("header", "Content-Type", "is set on a request without a body")
	case want.Media != "" && media != want.Media:
		j.faultf("header", "Content-Type", "is %q, not %q", media, want.Media)
	}
	accept := left.Get("Accept")
	if accept != "" && accept != "*/*" && !acceptable(accept, want.Operation.Accepts) {
		j.faultf("header", "Accept", "%q is no documented media type", accept)
	}
	for _, name := range []string{"Content-Type", "Accept", "User-Agent", "Accept-Encoding"} {
		if len(left.Values(name)) > 1 {
			j.faultf("header", name, "is set more than once")
		}
		left.Del(name)
	}
}

// acceptable tells whether one of the media types asked for is documented. JSON
// may always be asked for: errors have it.
func acceptable(accept string, documented []string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		media, _, err := mime.ParseMediaType(part)
		if err != nil {
			return false
		}
		if media == "application/json" || slices.Contains(documented, media) {
			return true
		}
	}
	return false
}
