package wiretest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
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

func (f *filter) check(want plain.Expect, got plain.Captured) error {
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
	params := map[string]string{}
	for _, v := range want.Values {
		// package plain has found it in the path already.
		if v.Param.In == plain.Path {
			params[v.Param.Name] = fmt.Sprint(v.JSON)
		}
	}
	err = openapi3filter.ValidateRequest(req.Context(), &openapi3filter.RequestValidationInput{
		Request:    req,
		PathParams: params,
		Route:      &routers.Route{Spec: f.spec, Path: op.Path, PathItem: item, Method: op.Method, Operation: item.GetOperation(op.Method)},
		Options: &openapi3filter.Options{
			SkipSettingDefaults:               true,
			RejectWhenRequestBodyNotSpecified: true,
			AuthenticationFunc:                openapi3filter.NoopAuthenticationFunc,
		},
	})
	if err != nil {
		return errors.New(firstLine(err.Error()))
	}
	return nil
}

// firstLine leaves out the schema and value that kin-openapi appends.
func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
