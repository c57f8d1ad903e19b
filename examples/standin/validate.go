package standin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// validator checks requests of one operation with kin-openapi, which loaded
// that operation and what it refers to, and nothing else.
type validator struct {
	route routers.Route
	names map[string]bool // member names of the document, which a reason may hold
}

// validator is made when the operation is first called.
func (r *route) validator(d *document, credentials []string) (*validator, error) {
	r.once.Do(func() { r.valid, r.err = newValidator(d, r, credentials) })
	return r.valid, r.err
}

func newValidator(d *document, r *route, credentials []string) (*validator, error) {
	op, err := d.requestPart(r, credentials)
	if err != nil {
		return nil, err
	}
	parts, err := d.closure(op)
	if err != nil {
		return nil, err
	}
	small, err := json.Marshal(node{
		"openapi":    d.OpenAPI,
		"info":       node{"title": r.id, "version": "0"},
		"paths":      node{r.path: node{strings.ToLower(r.method): op}},
		"components": parts,
	})
	if err != nil {
		return nil, err
	}
	spec, err := openapi3.NewLoader().LoadFromData(small)
	if err != nil {
		return nil, fmt.Errorf("standin: operation %s: %w", r.id, err)
	}
	item := spec.Paths.Value(r.path)
	v := &validator{
		route: routers.Route{Spec: spec, Path: r.path, PathItem: item, Method: r.method, Operation: item.GetOperation(r.method)},
		names: map[string]bool{},
	}
	v.learn(op)
	v.learn(parts)
	return v, nil
}

// learn collects the member names of all schemas in x.
func (v *validator) learn(x any) {
	switch x := x.(type) {
	case []any:
		for _, item := range x {
			v.learn(item)
		}
	case node:
		for name := range object(x["properties"]) {
			v.names[name] = true
		}
		for _, member := range x {
			v.learn(member)
		}
	}
}

// requestPart is the operation with its parameters and body, without those
// that carry the credential and without answers.
func (d *document) requestPart(r *route, credentials []string) (node, error) {
	v, err := decode(r.raw)
	if err != nil {
		return nil, err
	}
	raw := object(v)
	params := list(raw["parameters"])
	if r.shared != nil {
		shared, err := decode(r.shared)
		if err != nil {
			return nil, err
		}
		params = append(list(shared), params...)
	}
	resolved, err := d.resolveAll(params)
	if err != nil {
		return nil, err
	}
	op := node{"operationId": r.id, "responses": node{"default": node{"description": ""}}}
	op["parameters"] = slices.DeleteFunc(resolved, func(p node) bool { return slices.Contains(credentials, text(p["name"])) })
	if raw["requestBody"] == nil {
		return op, nil
	}
	body, err := d.resolve(object(raw["requestBody"]))
	if err != nil {
		return nil, err
	}
	content := node{}
	for media, v := range object(body["content"]) {
		schema := object(object(v)["schema"])
		for _, name := range credentials {
			if object(schema["properties"])[name] != nil {
				schema = without(schema, credentials)
				body["required"] = schema["required"] != nil
			}
		}
		content[media] = node{"schema": schema}
	}
	op["requestBody"] = node{"required": body["required"] == true, "content": content}
	return op, nil
}

// check gives the reason why a request is invalid, "" when it is valid.
func (v *validator) check(r *http.Request, path map[string]string, body []byte) string {
	req := r.Clone(r.Context())
	req.Body = io.NopCloser(bytes.NewReader(body))
	req.ContentLength = int64(len(body))
	route := v.route
	err := openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request:    req,
		PathParams: path,
		Route:      &route,
		Options: &openapi3filter.Options{
			SkipSettingDefaults:               true,
			RejectWhenRequestBodyNotSpecified: true,
			AuthenticationFunc:                openapi3filter.NoopAuthenticationFunc,
		},
	})
	if err != nil {
		return v.reason(err)
	}
	for name := range req.URL.Query() {
		if v.route.Operation.Parameters.GetByInAndName("query", name) == nil && !strings.Contains(name, "[") {
			return "a query parameter is not documented"
		}
	}
	return ""
}

// reason tells place and rule of a refusal. kin-openapi's own texts hold the
// value.
func (v *validator) reason(err error) string {
	place, rule := "request", "is not valid"
	if e, ok := errors.AsType[*openapi3filter.RequestError](err); ok {
		switch {
		case e.Parameter != nil:
			place = fmt.Sprintf("%s parameter %s", e.Parameter.In, e.Parameter.Name)
		case e.RequestBody != nil:
			place = "body"
		}
	}
	switch {
	case errors.Is(err, openapi3filter.ErrInvalidRequired):
		rule = "is required"
	case errors.Is(err, openapi3filter.ErrInvalidEmptyValue):
		rule = "is empty"
	default:
		if e, ok := errors.AsType[*openapi3.SchemaError](err); ok {
			rule = fmt.Sprintf("breaks rule %q", e.SchemaField)
			if at := e.JSONPointer(); len(at) > 0 && place == "body" {
				place += " member " + v.pointer(at)
			}
		} else if _, ok := errors.AsType[*openapi3filter.ParseError](err); ok {
			rule = "can't be read"
		}
	}
	return place + " " + rule
}

// pointer shows a JSON pointer with "*" for names that the request made up.
func (v *validator) pointer(at []string) string {
	var b strings.Builder
	for _, name := range at {
		if _, err := strconv.Atoi(name); err != nil && !v.names[name] {
			name = "*"
		}
		b.WriteString("/" + name)
	}
	return b.String()
}

func isForm(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && media == "application/x-www-form-urlencoded"
}
