package wiretest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/grantwire/grantwire/providers/internal/wiretest/plain"
)

// filter validates requests with kin-openapi. The operation is known, so no
// router is asked: routers refuse some of GitHub's paths.
type filter struct{ spec *openapi3.T }

func newFilter(doc *plain.Document, credentials []string) (*filter, error) {
	small, err := doc.Requests(credentials)
	if err != nil {
		return nil, err
	}
	spec, err := openapi3.NewLoader().LoadFromData(small)
	if err != nil {
		return nil, fmt.Errorf("kin-openapi: %w", err)
	}
	return &filter{spec}, nil
}

// check returns what it finds wrong with a request, one finding each.
func (f *filter) check(want plain.Expect, got plain.Captured) []string {
	err := f.validate(want, got)
	all, ok := errors.AsType[openapi3.MultiError](err)
	switch {
	case err == nil:
		return nil
	case !ok:
		return []string{firstLine(err.Error())}
	}
	var found []string
	for _, e := range all {
		found = append(found, firstLine(e.Error()))
	}
	return found
}

func (f *filter) validate(want plain.Expect, got plain.Captured) error {
	op := want.Operation
	item := f.spec.Paths.Value(op.Path)
	if item == nil || item.GetOperation(op.Method) == nil {
		return errors.New("kin-openapi does not know the operation")
	}
	req, err := http.NewRequestWithContext(context.Background(), got.Method, got.URL, bytes.NewReader(got.Body))
	if err != nil {
		return err
	}
	req.Header = got.Header.Clone()
	params, err := pathParams(op, req.URL.EscapedPath())
	if err != nil {
		return err
	}
	return openapi3filter.ValidateRequest(req.Context(), &openapi3filter.RequestValidationInput{
		Request:    req,
		PathParams: params,
		Route:      &routers.Route{Spec: f.spec, Path: op.Path, PathItem: item, Method: op.Method, Operation: item.GetOperation(op.Method)},
		Options: &openapi3filter.Options{
			MultiError:                        true,
			SkipSettingDefaults:               true,
			ExcludeRequestBody:                want.Media != "" && !known(want.Media), // package plain compares the bytes
			RejectWhenRequestBodyNotSpecified: true,
			AuthenticationFunc:                openapi3filter.NoopAuthenticationFunc,
		},
	})
}

// pathParams takes the values out of a path, as a router does.
func pathParams(op *plain.Operation, path string) (map[string]string, error) {
	base, err := url.Parse(op.Base)
	if err != nil {
		return nil, err
	}
	var pattern strings.Builder
	var names []string
	template, _, _ := strings.Cut(op.Path, "#") // what follows is not sent
	for literal, rest := range pieces(template) {
		pattern.WriteString(regexp.QuoteMeta(literal))
		if rest == "" {
			continue
		}
		names = append(names, rest)
		wide := slices.ContainsFunc(op.Params, func(p plain.Param) bool { return p.In == plain.Path && p.Name == rest && p.Segments })
		pattern.WriteString(map[bool]string{true: "(.+)", false: "([^/]+)"}[wide])
	}
	found := regexp.MustCompile("^" + pattern.String() + "$").FindStringSubmatch(strings.TrimPrefix(path, base.EscapedPath()))
	if found == nil {
		return nil, errors.New("the path does not fit its template")
	}
	params := map[string]string{}
	for i, name := range names {
		if params[name], err = url.PathUnescape(found[i+1]); err != nil {
			return nil, err
		}
	}
	return params, nil
}

// pieces gives the literals of a template, each with the variable behind it.
func pieces(template string) iter.Seq2[string, string] {
	return func(yield func(literal, variable string) bool) {
		for rest := template; rest != ""; {
			literal, after, _ := strings.Cut(rest, "{")
			variable, next, _ := strings.Cut(after, "}")
			if !yield(literal, variable) {
				return
			}
			rest = next
		}
	}
}

// known tells whether kin-openapi reads bodies of a media type.
func known(media string) bool {
	return plain.IsJSON(media) || strings.HasPrefix(media, "text/plain") ||
		media == "application/x-www-form-urlencoded" || media == "multipart/form-data" || media == "application/octet-stream"
}

// firstLine leaves out the schema and value that kin-openapi appends.
func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
