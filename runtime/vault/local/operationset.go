package local

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/optable"
)

// The kinds of providers that operation tables are for, as clients name them.
const (
	KindOAuth   = "oauth"   // users connect their accounts
	KindManaged = "managed" // the operator keeps a secret
)

// Where a table that the vault knows came from.
const (
	FromProgram = "program" // the program that embeds the vault: [WithOperationTable]
	FromFolder  = "folder"  // [WithOperationFolder]
	FromVault   = "vault"   // its database: [Vault.LoadOperations]
)

// OperationSet is an operation table that the vault knows: the calls of one
// provider, by name.
type OperationSet struct {
	Kind        string // KindOAuth or KindManaged
	Provider    string // "github"
	From        string // FromProgram, FromFolder or FromVault, which goes before the others
	SpecVersion string // of the provider's document, as it calls itself
	Source      string // where the document came from
	Hash        string // of the table's content
	BaseURLs    []string
	Operations  int
	Version     int64     // goes up when a table with other content takes this one's place
	LoadedAt    time.Time // when this vault read it last
	ChangedAt   time.Time // when its content became what it is: never later than LoadedAt
}

// operationSet is one with what it holds.
type operationSet struct {
	OperationSet
	table     *optable.Table
	templates []*template
}

// newOperationSet compiles a table. bases replace its own base URL.
func newOperationSet(table *optable.Table, kind string, bases []string) (*operationSet, error) {
	if !slices.Contains([]string{KindOAuth, KindManaged}, kind) {
		return nil, errors.New("the kind of provider is oauth or managed")
	}
	for _, base := range bases {
		if _, err := parseDestination(base); err != nil {
			return nil, fmt.Errorf("the base URL of %s does not fit: %w", table.Provider, err)
		}
	}
	// A table may be of an API that this vault cannot call: then it names no calls.
	if _, err := parseDestination(table.BaseURL); len(bases) == 0 && err == nil {
		bases = []string{table.BaseURL}
	}
	s := &operationSet{table: table, OperationSet: OperationSet{
		Kind: kind, Provider: table.Provider, SpecVersion: table.SpecVersion, Source: table.Source, Hash: table.Hash,
		BaseURLs: slices.Clone(bases), Operations: table.Len(), Version: 1,
	}}
	for op := range table.Operations() {
		known := &knownOperation{ID: op.ID, Path: op.Path, Access: op.Access, Scopes: op.Scopes, families: op.Families, entry: op, set: s}
		at := bases
		if op.Server != "" {
			at = []string{op.Server}
		}
		for _, base := range at {
			// A path that this vault cannot compare leaves its calls without a name.
			if t, err := newTemplate(base, op.Method, op.Segments, known); err == nil {
				s.templates = append(s.templates, t)
			}
		}
	}
	return s, nil
}

func compareSets(a, b *operationSet) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Provider, b.Provider))
}

// mergeSets puts together what the sources hold, by kind and provider; what
// stands in a later list takes the place of what stands in an earlier one.
func mergeSets(lists ...[]*operationSet) []*operationSet {
	var out []*operationSet
	for _, list := range lists {
		for _, s := range list {
			at, found := slices.BinarySearchFunc(out, s, compareSets)
			if found {
				out[at] = s
			} else {
				out = slices.Insert(out, at, s)
			}
		}
	}
	return out
}

// find returns the set of a provider, or nil.
func (t *operationTable) find(kind, provider string) *operationSet {
	for _, s := range t.sets {
		if s.Kind == kind && s.Provider == provider {
			return s
		}
	}
	return nil
}

// ownTemplates compiles operations that a program gives without a table.
func ownTemplates(baseURL string, ops []api.Operation) ([]*template, error) {
	var list []*template
	for i := range ops {
		op := &ops[i]
		known := &knownOperation{ID: op.ID, Path: op.Path, Access: op.Access, Scopes: op.Scopes}
		t, err := newTemplate(cmp.Or(op.Server, baseURL), op.Method, op.Segments, known)
		if err != nil {
			return nil, fmt.Errorf("operation %q: %w", op.ID, err)
		}
		list = append(list, t)
	}
	return list, nil
}
