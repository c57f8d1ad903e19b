package vault

import (
	"context"
	"iter"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// ProviderKind is what a provider is to the vault.
type ProviderKind string

// The kinds of providers.
const (
	ProviderOAuth   ProviderKind = "oauth"   // users connect their accounts
	ProviderManaged ProviderKind = "managed" // the vault keeps a secret
)

// ProviderSpecs looks up the operations of providers: method, path and schemas of
// a call before it is made, for a program that learns at run time what to call.
// The ProviderSpecs method of an [App] or [Agent] makes one. What the vault has no
// description of is an [ErrSpecNotFound].
type ProviderSpecs struct{ c *client }

// ProviderSpecs returns the namespace that looks up operations.
func (c *client) ProviderSpecs() ProviderSpecs { return ProviderSpecs{c} }

// ProviderSpec is what the vault knows of a provider's API as a whole.
type ProviderSpec struct {
	Kind           ProviderKind
	ProviderID     string
	Version        int64  // goes up with each change
	Provenance     string // where the vault has it from
	SourceURL      string // of the provider's document, "" when it is not told
	ContentHash    string
	OperationCount int64
	FetchedAt      time.Time
	ChangedAt      time.Time
	Title          string // "" when it is not told, as the next
	SpecVersion    string // as the document calls itself
}

// SpecOperation tells an operation.
type SpecOperation struct {
	ID           string // such as "repos/get"
	Method       string
	PathTemplate string // below the provider's base URL: "/repos/{owner}/{repo}"
	Summary      string // "" when it is not told
}

// SpecOperationDetail is everything that the vault knows about an operation. The
// schemas are JSON objects in JSON Schema; nil when there is none.
type SpecOperationDetail struct {
	SpecOperation
	Params            []jsontext.Value // one object for each parameter outside the body
	Request, Response jsontext.Value
	Spec              ProviderSpec
}

// OperationFilter picks operations. Zero fields do not restrict.
type OperationFilter struct {
	Search   string // in ID, path and summary; up to 200 characters
	PageSize int    // 1 to 500, default 100
	Offset   int
}

// SpecOperationsPage is a part of a provider's operations.
type SpecOperationsPage struct {
	Items                []SpecOperation
	Total, Limit, Offset int64
	HasMore              bool
	Spec                 ProviderSpec
}

// List returns the providers that the vault has operations of; kind "" means all.
func (s ProviderSpecs) List(ctx context.Context, kind ProviderKind) ([]ProviderSpec, error) {
	if kind != "" {
		if fault := kind.check(); fault != nil {
			return nil, fault
		}
	}
	list, err := send(ctx, s.c, ask{method: http.MethodGet, path: wire.PathProviderSpecs + wire.ProviderSpecsQuery(string(kind)), traced: true}, wire.ParseProviderSpecs)
	if err != nil {
		return nil, err
	}
	out := make([]ProviderSpec, 0, len(list))
	for i := range list {
		out = append(out, providerSpec(&list[i]))
	}
	return out, nil
}

// Get returns one provider.
func (s ProviderSpecs) Get(ctx context.Context, kind ProviderKind, providerID string) (*ProviderSpec, error) {
	path, fault := specPath(kind, providerID)
	if fault != nil {
		return nil, fault
	}
	spec, err := send(ctx, s.c, ask{method: http.MethodGet, path: path, traced: true}, wire.ParseProviderSpec)
	if err != nil {
		return nil, err
	}
	return new(providerSpec(&spec)), nil
}

// ListOperations lists a provider's operations. It asks for the next page when
// that is needed, and ends after the first error, which comes with a nil
// operation.
func (s ProviderSpecs) ListOperations(ctx context.Context, kind ProviderKind, providerID string, f OperationFilter) iter.Seq2[*SpecOperation, error] {
	return func(yield func(*SpecOperation, error) bool) {
		for f := f; ; {
			page, err := s.OperationsPage(ctx, kind, providerID, f)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Items {
				if !yield(&page.Items[i], nil) {
					return
				}
			}
			// An empty page ends the list whatever the vault says, or it could go on
			// for ever.
			if f.Offset += len(page.Items); !page.HasMore || len(page.Items) == 0 {
				return
			}
		}
	}
}

// OperationsPage returns one page of a provider's operations.
func (s ProviderSpecs) OperationsPage(ctx context.Context, kind ProviderKind, providerID string, f OperationFilter) (*SpecOperationsPage, error) {
	path, fault := specPath(kind, providerID)
	if f.PageSize == 0 {
		f.PageSize = wire.DefaultSpecPage
	}
	switch {
	case fault != nil:
		return nil, fault
	case f.PageSize < 1 || f.PageSize > wire.MaxSpecPage:
		return nil, invalid("page size", "is not 1 to 500")
	case f.Offset < 0:
		return nil, invalid("offset", "is negative")
	case utf8.RuneCountInString(f.Search) > wire.MaxSpecSearch || !utf8.ValidString(f.Search):
		return nil, invalid("search", "has more than 200 characters, or is no text")
	}
	p, err := send(ctx, s.c, ask{method: http.MethodGet, path: path + "/operations" + wire.SpecOperationsQuery(f.PageSize, f.Offset, f.Search), traced: true}, wire.ParseSpecOperationsPage)
	if err != nil {
		return nil, err
	}
	page := &SpecOperationsPage{Total: p.Total, Limit: p.Limit, Offset: p.Offset, HasMore: p.HasMore, Spec: providerSpec(&p.Spec)}
	for _, op := range p.Items {
		page.Items = append(page.Items, SpecOperation(op))
	}
	return page, nil
}

// GetOperation returns one operation with its schemas.
func (s ProviderSpecs) GetOperation(ctx context.Context, kind ProviderKind, providerID, operationID string) (*SpecOperationDetail, error) {
	path, fault := specPath(kind, providerID)
	switch {
	case fault != nil:
		return nil, fault
	case strings.TrimSpace(operationID) == "" || utf8.RuneCountInString(operationID) > wire.MaxOperationID || strings.ContainsFunc(operationID, unicode.IsControl):
		return nil, invalid("operation", "is not 1 to 512 characters without controls")
	}
	d, err := send(ctx, s.c, ask{method: http.MethodGet, path: path + "/operation" + wire.SpecOperationQuery(operationID), traced: true}, wire.ParseSpecOperationDetail)
	if err != nil {
		return nil, err
	}
	return &SpecOperationDetail{SpecOperation(d.SpecOperation), d.Params, d.Request, d.Response, providerSpec(&d.Spec)}, nil
}

func providerSpec(s *wire.ProviderSpec) ProviderSpec {
	return ProviderSpec{
		Kind: ProviderKind(s.Kind), ProviderID: s.ProviderID, Version: s.Version, Provenance: s.Provenance, SourceURL: s.SourceURL, ContentHash: s.ContentHash,
		OperationCount: s.OperationCount, FetchedAt: s.FetchedAt, ChangedAt: s.ChangedAt, Title: s.Title, SpecVersion: s.SpecVersion,
	}
}

func (k ProviderKind) check() *Error {
	if k != ProviderOAuth && k != ProviderManaged {
		return invalid("kind", "is neither oauth nor managed")
	}
	return nil
}

func specPath(kind ProviderKind, providerID string) (string, *Error) {
	if fault := kind.check(); fault != nil {
		return "", fault
	}
	if strings.TrimSpace(providerID) == "" || strings.ContainsAny(providerID, "?#") || strings.ContainsFunc(providerID, unicode.IsControl) || len(providerID) > 255 {
		return "", invalid("provider", "is blank, too long, or holds a question mark, a hash or control characters")
	}
	return wire.PathProviderSpec(string(kind), providerID), nil
}
