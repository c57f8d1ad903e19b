//go:build conformance

package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/api"
)

// errNoType says that an answer has no Go type: the operation returns an error
// alone, text or a stream.
var errNoType = errors.New("the operation returns no JSON result")

// Outcome is what became of an example.
type Outcome struct {
	Failed bool // the status is a failure; Value is the body that *api.Error keeps
	Value  any  // what was decoded, encoded again
}

// replay answers a call of op with the example and encodes the result again.
// result is the type that op's method returns beside the error, or nil.
func replay(t *testing.T, op api.Operation, result reflect.Type, e Example) (Outcome, error) {
	t.Helper()
	text, err := json.Marshal(e.Value)
	if err != nil {
		return Outcome{}, err
	}
	status := statusOf(&op, e.Status)
	failed := fails(&op, e.Status)
	if !failed && (result == nil || op.Result != api.JSON) {
		return Outcome{}, errNoType
	}
	var out any
	if result != nil {
		out = reflect.New(result).Interface()
	}
	op.Request = "" // the answer is under test; the wire test has the requests
	hc := &http.Client{Transport: canned{status: status, media: e.Media, body: text}}
	client := api.NewClient(hc, op.Provider, api.WithRetry(api.RetryPolicy{Attempts: 1}))
	err = client.Do(t.Context(), &op, api.Args{Path: pathValues(op.Path)}, out)
	if failed {
		return failure(err)
	}
	if err != nil {
		return Outcome{}, err
	}
	again, err := jsonv2.Marshal(out)
	if err != nil {
		return Outcome{}, fmt.Errorf("encode: %w", err)
	}
	value, err := parseJSON(again)
	return Outcome{Value: value}, err
}

// leftOut says why an example is none of the client's business, or "". Answers of
// another media type than it asks for never reach it, and the result type is not
// made for them; some statuses have no body, whatever a document says.
func leftOut(op *api.Operation, e Example) string {
	switch n := statusOf(op, e.Status); {
	case n < 200, n == http.StatusNoContent, n == http.StatusResetContent, n == http.StatusNotModified:
		return "an answer of this status has no body"
	case op.Method == http.MethodHead:
		return "an answer to HEAD has no body"
	}
	want := "application/json" // of errors, and of what needs no Accept header
	if !fails(op, e.Status) && op.Accept != "" {
		want = op.Accept
	}
	if media, _, err := mime.ParseMediaType(e.Media); err != nil || media != want {
		return "it is " + e.Media + ", the client asks for " + want
	}
	return ""
}

// fails tells whether the client returns an error for an answer with the
// document's status.
func fails(op *api.Operation, status string) bool {
	n := statusOf(op, status)
	return n > 299 || slices.Contains(op.Alternates, n) || status == "default"
}

// failure reads the body that an *api.Error keeps.
func failure(err error) (Outcome, error) {
	var e *api.Error
	if !errors.As(err, &e) {
		return Outcome{Failed: true}, fmt.Errorf("want *api.Error, got %w", err)
	}
	var body json.RawMessage
	if err := e.Decode(&body); err != nil {
		return Outcome{Failed: true}, err
	}
	value, err := parseJSON(body)
	return Outcome{Failed: true, Value: value}, err
}

// statusOf turns the document's status into a number. "default" is what the
// provider sends on failure: 200 where the body says so, else 500.
func statusOf(op *api.Operation, status string) int {
	if n, err := strconv.Atoi(status); err == nil {
		return n
	}
	if status == "default" && op.Provider.Errors.OK == "" {
		return http.StatusInternalServerError
	}
	return http.StatusOK
}

func pathValues(template string) []any {
	values := make([]any, strings.Count(template, "{"))
	for i := range values {
		values[i] = "1"
	}
	return values
}

// canned is a network that gives one answer to everything.
type canned struct {
	status int
	media  string
	body   []byte
}

func (c canned) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: c.status, Status: http.StatusText(c.status),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {c.media}},
		Body:          io.NopCloser(bytes.NewReader(c.body)),
		ContentLength: int64(len(c.body)),
		Request:       req,
	}, nil
}
