package wiretest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/providers/internal/wiretest/plain"
	"github.com/grantwire/grantwire/runtime/api"
)

// TestSpecs makes the values of every operation of both providers and lets
// both judges accept them in a request written by the few lines below: what a
// generated package fails at is then its own.
func TestSpecs(t *testing.T) {
	for name, credentials := range map[string][]string{"github": nil, "slack": {"token"}} {
		t.Run(name, func(t *testing.T) {
			spec, err := os.ReadFile("../../../specs/" + name + "/openapi.json")
			if err != nil {
				t.Skip(err)
			}
			doc, err := plain.Parse(spec)
			if err != nil {
				t.Fatal(err)
			}
			operations, err := doc.Operations()
			if err != nil {
				t.Fatal(err)
			}
			f, err := newFilter(doc, credentials)
			if err != nil {
				t.Fatal(err)
			}
			r := &runner{cfg: Config{Credentials: credentials}, doc: doc}
			params, members := 0, 0
			for _, op := range operations {
				op.Strip(credentials)
				for _, mode := range Modes() {
					want, err := r.expect(&api.Operation{Request: media(op)}, op, mode, true)
					if err != nil {
						t.Errorf("%s (%s): %v", op.ID, mode, err)
						continue
					}
					got := write(t, want)
					found, faults := plain.Judge(want, got)
					if len(faults) > 0 {
						t.Errorf("%s (%s) plain: %v", op.ID, mode, faults)
					}
					for _, reason := range f.check(want, got) {
						if !strings.Contains(reason, `parameter "has"`) {
							t.Errorf("%s (%s) filter: %s", op.ID, mode, reason)
						}
					}
					params += found.Params
					members += found.Members
				}
			}
			t.Logf("%d operations, %d parameters, %d body members", len(operations), params, members)
		})
	}
}

func media(op *plain.Operation) api.Media {
	if op.Body == nil {
		return ""
	}
	return api.Media(slices.Sorted(maps.Keys(op.Body.Media))[0])
}

// write is a client for the styles that the two documents use.
func write(t *testing.T, want plain.Expect) plain.Captured {
	t.Helper()
	path, query := want.Operation.Path, []string(nil)
	c := plain.Captured{Method: want.Operation.Method, Header: http.Header{}}
	for _, v := range want.Values {
		text := url.PathEscape(fmt.Sprint(v.JSON))
		switch v.Param.In {
		case "path":
			if v.Param.Segments {
				text = strings.ReplaceAll(text, "%2F", "/")
			}
			path = strings.ReplaceAll(path, "{"+v.Param.Name+"}", text)
		case "query":
			items, ok := v.JSON.([]any)
			if !ok {
				items = []any{v.JSON}
			}
			for _, item := range items {
				query = append(query, v.Param.Name+"="+url.QueryEscape(fmt.Sprint(item)))
			}
		case "header":
			c.Header.Set(v.Param.Name, fmt.Sprint(v.JSON))
		}
	}
	c.URL = want.Operation.Base + path
	if query != nil {
		c.URL += "?" + strings.Join(query, "&")
	}
	if want.Media != "" {
		c.Header.Set("Content-Type", want.Media)
		c.Body = writeBody(t, want)
	}
	c.Length = int64(len(c.Body))
	return c
}

func writeBody(t *testing.T, want plain.Expect) []byte {
	t.Helper()
	switch body := want.Body.(type) {
	case []byte:
		return body
	case string:
		if want.Media != "application/json" {
			return []byte(body)
		}
	case plain.Node:
		if want.Media == "application/x-www-form-urlencoded" {
			form := url.Values{}
			for name, v := range body {
				form.Set(name, fmt.Sprint(v))
			}
			return []byte(form.Encode())
		}
	}
	b, err := json.Marshal(want.Body)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(b)
}
