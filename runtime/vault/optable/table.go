package optable

import (
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// Format is the number of the form that this package reads. Members that it does
// not know are passed over; a table of another number is refused.
const Format = 1

// Limits of a table. Microsoft Graph, the largest API that grantwire generates,
// has 11,422 operations in 11 MB.
const (
	MaxSize       = 64 << 20 // bytes
	MaxOperations = 50_000
	MaxSchemas    = 200_000
	MaxID         = 512 // characters of an operation's ID
)

// Table is a table that was checked. It does not change, and is safe for
// concurrent use.
type Table struct {
	Provider    string    // short name: "github"
	SpecVersion string    // as the document calls itself, "" when it does not
	Source      string    // where the document came from: an address, npm:PACKAGE@VERSION/PATH, a file; "" when unknown
	SourceDate  time.Time // the day on which it was published; zero when unknown
	Hash        string    // "sha256:…" of the content
	BaseURL     string    // "" when the document names no server

	ops     []*Operation // in the table's order: by path and method
	byID    map[string]*Operation
	schemas map[string]jsontext.Value
}

// Operation is one operation: what tells it apart. [Operation.Detail] has the rest.
type Operation struct {
	ID         string // the document's name of the operation: "repos/get"
	Method     string // "GET"
	Path       string // template: "/repos/{owner}/{repo}"
	Server     string // absolute base URL that replaces the table's, or ""
	Access     api.Access
	Families   []rule.Family // what the table's maker says; nil = nothing
	Scopes     []string      // of the provider, that a call needs
	Segments   []string      // path parameters whose value may hold slashes
	Deprecated bool

	table *Table
	raw   jsontext.Value
}

// Len returns the number of operations.
func (t *Table) Len() int { return len(t.ops) }

// Operations yields all operations, sorted by path and method.
func (t *Table) Operations() iter.Seq[*Operation] { return slices.Values(t.ops) }

// Operation returns the operation with an ID, or nil.
func (t *Table) Operation(id string) *Operation { return t.byID[id] }

// Search returns the operations whose ID or path holds the text, whatever its
// case, from offset on and at most limit of them, and how many there are in all.
// The empty text is in all of them.
func (t *Table) Search(text string, offset, limit int) (page []*Operation, total int) {
	text = strings.ToLower(text)
	for _, op := range t.ops {
		if text != "" && !strings.Contains(strings.ToLower(op.ID), text) && !strings.Contains(strings.ToLower(op.Path), text) {
			continue
		}
		if total >= offset && len(page) < limit {
			page = append(page, op)
		}
		total++
	}
	return page, total
}

// SourceURL returns where the document can be had: Source when it is an https
// address, else "".
func (t *Table) SourceURL() string {
	u, err := url.Parse(t.Source)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}
	return t.Source
}
