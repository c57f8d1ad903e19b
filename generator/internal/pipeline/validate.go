package pipeline

import (
	"context"
	"errors"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/grantwire/grantwire/generator/internal/diag"
)

// validated reports what kin-openapi objects to, as notes: providers publish
// documents with faults that a client need not care about.
func validated(doc *openapi3.T, provider string) diag.List {
	err := severed(doc).Validate(context.Background(), openapi3.EnableMultiError(),
		openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation())
	var all openapi3.MultiError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &all):
		all = openapi3.MultiError{err}
	}
	var diags diag.List
	for _, e := range all {
		message, _, _ := strings.Cut(e.Error(), "\n")
		diags = append(diags, diag.Diagnostic{
			Severity: diag.Note, Provider: provider, Code: "not-valid", Message: message,
			Remedy: "nothing was left out; tell the document's author",
		})
	}
	return diags
}

// severed is a copy of a document in normal form in which each reference to a
// schema leads to an empty one. Validate follows references from every operation
// anew, which takes longer than all else where schemas lead to each other; in
// normal form each schema is a component, so that one look at each sees them all.
func severed(doc *openapi3.T) *openapi3.T {
	out := *doc
	if doc.Components != nil {
		components := *doc.Components
		components.Schemas = make(openapi3.Schemas, len(doc.Components.Schemas))
		for name, s := range doc.Components.Schemas {
			components.Schemas[name] = severSchema(s)
		}
		out.Components = &components
	}
	if doc.Paths != nil {
		out.Paths = openapi3.NewPaths()
		out.Paths.Extensions = doc.Paths.Extensions
		for path, item := range doc.Paths.Map() {
			c := *item
			for method, op := range item.Operations() {
				c.SetOperation(method, severOperation(op))
			}
			out.Paths.Set(path, &c)
		}
	}
	return &out
}

func severOperation(op *openapi3.Operation) *openapi3.Operation {
	out := *op
	out.Parameters = make(openapi3.Parameters, len(op.Parameters))
	for i, p := range op.Parameters {
		out.Parameters[i] = p
		if p.Value != nil {
			c := *p.Value
			c.Schema = severSchema(c.Schema)
			out.Parameters[i] = &openapi3.ParameterRef{Value: &c}
		}
	}
	if b := op.RequestBody; b != nil && b.Value != nil {
		c := *b.Value
		c.Content = severContent(c.Content)
		out.RequestBody = &openapi3.RequestBodyRef{Value: &c}
	}
	if op.Responses != nil {
		out.Responses = openapi3.NewResponsesWithCapacity(op.Responses.Len())
		for status, r := range op.Responses.Map() {
			if r.Value != nil {
				c := *r.Value
				c.Content = severContent(c.Content)
				r = &openapi3.ResponseRef{Value: &c}
			}
			out.Responses.Set(status, r)
		}
	}
	return &out
}

func severContent(content openapi3.Content) openapi3.Content {
	out := make(openapi3.Content, len(content))
	for media, entry := range content {
		c := *entry
		c.Schema = severSchema(c.Schema)
		out[media] = &c
	}
	return out
}

// severSchema copies what stands here and below, up to the next references.
func severSchema(s *openapi3.SchemaRef) *openapi3.SchemaRef {
	switch {
	case s == nil || s.Value == nil:
		return s
	case s.Ref != "":
		return &openapi3.SchemaRef{Ref: s.Ref, Value: &openapi3.Schema{}}
	}
	c := *s.Value
	c.Properties = make(openapi3.Schemas, len(s.Value.Properties))
	for name, p := range s.Value.Properties {
		c.Properties[name] = severSchema(p)
	}
	c.OneOf = make(openapi3.SchemaRefs, len(s.Value.OneOf))
	for i, v := range s.Value.OneOf {
		c.OneOf[i] = severSchema(v)
	}
	c.Items = severSchema(s.Value.Items)
	c.AdditionalProperties.Schema = severSchema(s.Value.AdditionalProperties.Schema)
	return &openapi3.SchemaRef{Value: &c, Extensions: s.Extensions}
}
