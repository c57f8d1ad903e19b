package apitest

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/api"
)

// Call is one recorded request. A call that was retried is recorded once for each
// attempt.
type Call struct {
	Operation string            // "repos/get"
	Path      map[string]string // path values, decoded
	Query     url.Values
	Header    http.Header
	Body      []byte          // as sent; nil = none
	Form      url.Values      // fields of a form or multipart body
	Files     map[string]File // files of a multipart body by field
	ID        string          // the same for all attempts of a call; "" when no generated client made it
	Attempt   int             // 1 for the first; 0 when no generated client made it

	op  *api.Operation
	url *url.URL
}

// File is one file of a multipart body.
type File struct {
	Name, ContentType string
	Content           []byte
}

// Decode decodes a JSON body into v, which is a pointer; the error says why it
// does not fit.
func (c Call) Decode(v any) error {
	if len(c.Body) == 0 {
		return fmt.Errorf("apitest: %s: the call has no body", c.Operation)
	}
	if err := json.Unmarshal(c.Body, v, decodeOptions); err != nil {
		return fmt.Errorf("apitest: %s: the body does not fit a %T: %w", c.Operation, v, err)
	}
	return nil
}

// String returns operation and path values: `repos/get owner="acme" repo="site"`.
func (c Call) String() string {
	var b strings.Builder
	b.WriteString(c.Operation)
	for _, name := range slices.Sorted(maps.Keys(c.Path)) {
		fmt.Fprintf(&b, " %s=%q", name, c.Path[name])
	}
	return b.String()
}

// Format prints String for every verb: headers and body may hold secrets.
func (c Call) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, c.String()) }

// Calls returns the recorded calls, in order: of all operations, or of the named ones.
func (rt *Transport) Calls(operations ...string) []Call {
	wanted := make([]*api.Operation, 0, len(operations))
	for _, name := range operations {
		if op := rt.operation(name); op != nil {
			wanted = append(wanted, op)
		}
	}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	var calls []Call
	for _, c := range rt.calls {
		if len(operations) == 0 || slices.Contains(wanted, c.op) {
			calls = append(calls, c)
		}
	}
	return calls
}

// Only returns the one call of an operation. The test fails when there was none
// or more than one; the zero Call comes back then.
func (rt *Transport) Only(operation string) Call {
	calls := rt.Calls(operation)
	if len(calls) == 1 {
		return calls[0]
	}
	if rt.t != nil {
		rt.t.Helper()
	}
	all := rt.Calls()
	texts := make([]string, 0, len(all))
	for _, c := range all {
		texts = append(texts, c.String())
	}
	if len(texts) == 0 {
		texts = append(texts, "none")
	}
	_ = rt.failf("%s was called %d times, want once; all calls: %s", operation, len(calls), strings.Join(texts, ", "))
	return Call{}
}

// Reset forgets the recorded calls; answers stay.
func (rt *Transport) Reset() {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.calls = nil
}

var decodeOptions = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

func record(op *api.Operation, path map[string]string, req *http.Request) (Call, error) {
	c := Call{Operation: op.ID, Path: path, Query: req.URL.Query(), Header: req.Header.Clone(), op: op}
	target := *req.URL
	c.url = &target
	if info, ok := api.CallFromContext(req.Context()); ok {
		c.ID, c.Attempt = info.CallID, info.Attempt
	}
	if req.Body == nil || req.Body == http.NoBody {
		return c, nil
	}
	var err error
	if c.Body, err = io.ReadAll(req.Body); err != nil {
		return c, err
	}
	c.fields()
	return c, nil
}

// fields reads what a form holds. A body that is not what its type says leaves
// them nil; the bytes are there to look at.
func (c *Call) fields() {
	media, params, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil {
		return
	}
	switch media {
	case "application/x-www-form-urlencoded":
		if form, err := url.ParseQuery(string(c.Body)); err == nil {
			c.Form = form
		}
	case "multipart/form-data":
		c.Form, c.Files = url.Values{}, map[string]File{}
		for r := multipart.NewReader(bytes.NewReader(c.Body), params["boundary"]); ; {
			part, err := r.NextPart()
			if err != nil {
				return
			}
			content, err := io.ReadAll(part)
			if err != nil {
				return
			}
			if part.FileName() == "" {
				c.Form.Add(part.FormName(), string(content))
				continue
			}
			c.Files[part.FormName()] = File{Name: part.FileName(), ContentType: part.Header.Get("Content-Type"), Content: content}
		}
	}
}
