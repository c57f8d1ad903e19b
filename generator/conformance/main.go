//go:build conformance

// Package conformance is the body of the program that the conformance test writes:
// it decodes examples into the types that it is given and compares what they
// encode to.
package conformance

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"sort"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/grantwire/grantwire/runtime/api"
)

type example struct {
	Pointer string             `json:"pointer"`
	Type    string             `json:"type"`
	JSON    stdjson.RawMessage `json:"json"`
}

type failure struct {
	Example int
	Cause   string
}

// Main reads the examples from the file named by the first argument and prints a
// report as JSON.
func Main(types map[string]func() any) {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fail(err)
	}
	var examples []example
	if err := stdjson.Unmarshal(text, &examples); err != nil {
		fail(err)
	}
	var report struct {
		Decoded, Exact int
		Failures       []failure
	}
	for i, e := range examples {
		cause := check(types[e.Type](), e.JSON)
		if cause == "" {
			report.Exact++
		}
		if !strings.HasPrefix(cause, "decode: ") {
			report.Decoded++
		}
		if cause != "" {
			report.Failures = append(report.Failures, failure{i, cause})
		}
	}
	out, err := stdjson.Marshal(report)
	if err != nil {
		fail(err)
	}
	os.Stdout.Write(out)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// check is "" when the example comes back as it was.
func check(v any, text []byte) string {
	if err := decode(text, v); err != nil {
		return "decode: " + err.Error()
	}
	back, err := json.Marshal(v, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return "encode: " + err.Error()
	}
	var diffs []string
	compare("", tree(text), tree(back), &diffs)
	if len(diffs) > 6 {
		diffs = append(diffs[:6], fmt.Sprintf("and %d more", len(diffs)-6))
	}
	return strings.Join(diffs, "; ")
}

// decode reads the text as the runtime reads the body of an answer.
func decode(text []byte, v any) error {
	answer := transport(func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
			Body: io.NopCloser(bytes.NewReader(text)), Request: r,
		}, nil
	})
	provider := &api.Provider{Name: "examples", BaseURL: "http://127.0.0.1"}
	op := &api.Operation{Provider: provider, ID: "example", Method: "GET", Path: "/", Result: api.JSON}
	return api.NewClient(&http.Client{Transport: answer}, provider).Do(context.Background(), op, api.Args{}, v)
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func tree(text []byte) any {
	d := stdjson.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		fail(err)
	}
	return v
}

// compare lists where two trees differ.
func compare(path string, want, got any, out *[]string) {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			*out = append(*out, path+": object became "+kind(got))
			return
		}
		keys := map[string]bool{}
		for k := range w {
			keys[k] = true
		}
		for k := range g {
			keys[k] = true
		}
		names := make([]string, 0, len(keys))
		for k := range keys {
			names = append(names, k)
		}
		sort.Strings(names)
		for _, k := range names {
			wv, inW := w[k]
			gv, inG := g[k]
			switch {
			case !inG:
				*out = append(*out, path+"/"+k+": lost "+kind(wv))
			case !inW:
				*out = append(*out, path+"/"+k+": added "+kind(gv))
			default:
				compare(path+"/"+k, wv, gv, out)
			}
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			*out = append(*out, path+": list became "+kind(got))
			return
		}
		for i := range w {
			compare(fmt.Sprintf("%s/%d", path, i), w[i], g[i], out)
		}
	case stdjson.Number:
		g, ok := got.(stdjson.Number)
		wf, _ := w.Float64()
		gf, _ := g.Float64()
		if !ok || w != g && wf != gf {
			*out = append(*out, fmt.Sprintf("%s: number became %s", path, kind(got)))
		}
	default:
		if !reflect.DeepEqual(want, got) {
			*out = append(*out, fmt.Sprintf("%s: %s became %s", path, kind(want), kind(got)))
		}
	}
}

func kind(v any) string {
	switch v := v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "list"
	case stdjson.Number:
		return "number " + string(v)
	case nil:
		return "null"
	case string:
		if len(v) > 40 {
			v = v[:40]
		}
		return fmt.Sprintf("%q", v)
	default:
		return fmt.Sprint(v)
	}
}
