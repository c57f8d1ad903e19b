package local

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// Codes of questions about what the vault has no table of.
const (
	codeSpecNotFound      = "provider_spec_not_found"
	codeOperationNotFound = "operation_not_found"
)

// provenance says where the vault's descriptions come from.
const provenance = "grantgen"

// specEndpoints tell clients about operations, before they call one.
func specEndpoints() []endpoint {
	const provider = wire.PathProviderSpecs + "/{kind}/{provider_id}"
	serve := func(path string, serve func(*request) ([]byte, *fault)) endpoint {
		return endpoint{method: http.MethodGet, path: path, limit: smallBody, scope: "providers:read", serve: func(v *Vault, ctx context.Context, rq *request) answer {
			// A table is searched outside the transaction, because others wait for that.
			if f := v.inAdmission(ctx, rq, func(context.Context, *statements) (*fault, error) { return nil, nil }); f != nil {
				return v.fail(ctx, rq, f)
			}
			rq.known = v.operations(ctx)
			body, f := serve(rq)
			if f != nil {
				return v.fail(ctx, rq, f)
			}
			return answer{status: http.StatusOK, body: body}
		}}
	}
	return []endpoint{
		serve(wire.PathProviderSpecs, (*request).providerSpecs),
		serve(provider, (*request).providerSpec),
		serve(provider+"/operations", (*request).specOperations),
		serve(provider+"/operation", (*request).specOperation),
	}
}

// specQuery reads a query that has no other names than the given, each once.
func (rq *request) specQuery(names ...string) (url.Values, *fault) {
	values, err := url.ParseQuery(rq.http.URL.RawQuery)
	if err != nil {
		return nil, unprocessable("the query cannot be read")
	}
	for name, list := range values {
		if !slices.Contains(names, name) || len(list) != 1 {
			return nil, unprocessable("the query has a parameter that this endpoint does not take, or one twice")
		}
	}
	return values, nil
}

func (rq *request) providerSpecs() ([]byte, *fault) {
	values, f := rq.specQuery("kind")
	if f != nil {
		return nil, f
	}
	kind := values.Get("kind")
	if values.Has("kind") && !slices.Contains(wire.ProviderKinds(), kind) {
		return nil, unprocessable("kind must be oauth or managed")
	}
	list := []wire.ProviderSpec{}
	for _, s := range rq.known.sets {
		if kind == "" || s.Kind == kind {
			list = append(list, s.wire())
		}
	}
	return wire.MarshalProviderSpecs(list), nil
}

func (s *operationSet) wire() wire.ProviderSpec {
	return wire.ProviderSpec{
		Kind: s.Kind, ProviderID: s.Provider, Version: s.Version, Provenance: provenance, SourceURL: s.table.SourceURL(), ContentHash: s.Hash,
		OperationCount: int64(s.Operations), FetchedAt: s.LoadedAt, ChangedAt: s.ChangedAt, SpecVersion: s.SpecVersion,
	}
}

// specSet finds the set that a path names.
func (rq *request) specSet() (*operationSet, *fault) {
	kind, err := url.PathUnescape(rq.params[0])
	if err != nil || !slices.Contains(wire.ProviderKinds(), kind) {
		return nil, unprocessable("the kind in the path must be oauth or managed")
	}
	provider, err := url.PathUnescape(rq.params[1])
	if s := rq.known.find(kind, provider); err == nil && s != nil {
		return s, nil
	}
	return nil, refuse(http.StatusNotFound, codeSpecNotFound, "the vault has no operation table of this provider").
		withHint("list the providers that it has tables of, or have the operator load one")
}

func (rq *request) providerSpec() ([]byte, *fault) {
	s, f := rq.specSet()
	if f == nil {
		_, f = rq.specQuery()
	}
	if f != nil {
		return nil, f
	}
	return s.wire().Marshal(), nil
}

func (rq *request) specOperations() ([]byte, *fault) {
	s, f := rq.specSet()
	if f != nil {
		return nil, f
	}
	values, f := rq.specQuery("limit", "offset", "search")
	if f != nil {
		return nil, f
	}
	limit, limitOK := queryNumber(values, "limit", wire.DefaultSpecPage, 1, wire.MaxSpecPage)
	offset, offsetOK := queryNumber(values, "offset", 0, 0, 1<<31-1)
	search := values.Get("search")
	if !limitOK || !offsetOK || values.Has("search") && search == "" || utf8.RuneCountInString(search) > wire.MaxSpecSearch {
		return nil, unprocessable("the query takes limit (1 to 500), offset, and search (1 to 200 characters)")
	}
	found, total := s.table.Search(search, offset, limit)
	page := wire.SpecOperationsPage{Items: []wire.SpecOperation{}, Spec: s.wire(), Page: wire.Page{
		Total: int64(total), Limit: int64(limit), Offset: int64(offset), HasMore: offset+len(found) < total,
	}}
	for _, op := range found {
		page.Items = append(page.Items, wire.SpecOperation{ID: op.ID, Method: op.Method, PathTemplate: op.Path})
	}
	return page.Marshal(), nil
}

// queryNumber reads a whole number within bounds; without it the default counts.
func queryNumber(values url.Values, name string, def, least, most int) (n int, ok bool) {
	if !values.Has(name) {
		return def, true
	}
	n, err := strconv.Atoi(values.Get(name))
	return n, err == nil && n >= least && n <= most
}

func (rq *request) specOperation() ([]byte, *fault) {
	s, f := rq.specSet()
	if f != nil {
		return nil, f
	}
	values, f := rq.specQuery("operation_id")
	if f != nil {
		return nil, f
	}
	id := values.Get("operation_id")
	if id == "" || utf8.RuneCountInString(id) > wire.MaxOperationID {
		return nil, unprocessable("operation_id must have 1 to 512 characters")
	}
	op := s.table.Operation(id)
	if op == nil {
		return nil, refuse(http.StatusNotFound, codeOperationNotFound, "the provider has no operation with this ID").withHint("search for it in the list of operations")
	}
	schemas := op.Schemas()
	return wire.SpecOperationDetail{
		SpecOperation: wire.SpecOperation{ID: op.ID, Method: op.Method, PathTemplate: op.Path},
		Params:        schemas.Params, Request: schemas.Request, Response: schemas.Response, Spec: s.wire(),
	}.Marshal(), nil
}
