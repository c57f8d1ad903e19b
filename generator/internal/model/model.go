// Package model is the generator's view of an API: plain, sorted values that know
// neither OpenAPI nor Go syntax beyond names.
//
// Package lower fills everything but the names, package names fills those, package
// emit reads both.
package model

import "slices"

// API is one provider's API, ready to be named and emitted.
type API struct {
	Provider string
	Title    string // the document's title
	Version  string // the document's version
	BaseURL  string
	Groups   []*Group     // sorted by Key
	Types    []*Type      // sorted by Key
	Ops      []*Operation // sorted by path and method
	Flat     []Flat       // curated methods on the client, sorted by name

	// Parts are the packages that hold the API when it is more than one: what a part
	// uses stands before it. Each holds its share of the members above, which list
	// everything. Empty: the API is one package.
	Parts []*API
	Home  *Package // the package of a part
}

// Package is where a part of an API lives.
type Package struct {
	Path string // below the API's own package, with slashes: "users", "models/core"
	Name string // the last element of Path
}

// Group is a service: the operations that share a field of the client.
type Group struct {
	Key  string // "repos"
	Ops  []*Operation
	Name string // "Repos"
	Deco string // type name: "ReposService"
}

// Flat is a curated method on the client.
type Flat struct {
	Name string
	Part string // path of the part whose client has it; "" when the API is one package
	Op   *Operation
}

// Operation is one method and path. Its identity is its pointer.
type Operation struct {
	Pointer  string
	ID       string // the document's operationId, or one derived from method and path
	Method   string // upper case
	Path     string // the document's template, which tells the operation
	Template string // Path as it is sent, without a fragment and without variables in a query
	Server   string // absolute URL in place of the API's, or ""
	Link     string // documentation
	Summary  string // only with full documentation
	Scopes   []string
	Tag      string
	// Resource is the first segment of the path that says something.
	Resource string

	Deprecated bool
	Access     Access
	Idempotent bool
	Redirect   bool

	PathParams []*Param // in template order, each once
	PathValues []*Param // one for each place in the template
	Params     []*Param // query, header and cookie, sorted by name
	Body       *Body
	Result     Result
	Alternates []int
	Answers    []Answer // every documented JSON answer, errors included, sorted by status
	Paging     Paging

	Group *Group
	Name  string // method name
	Var   string // of the descriptor
	// Names of the types that belong to the operation; "" when it needs none.
	ParamsType string
}

// Access says what an operation does to the provider's data.
type Access uint8

// The kinds of access.
const (
	Read Access = iota
	Write
	Delete
)

// Param is one parameter outside the body.
type Param struct {
	Name       string // on the wire
	In         string // path, query, header, cookie
	Required   bool
	Deprecated bool
	Segments   bool // a path value that may hold slashes
	Reserved   bool // reserved characters are sent as they are
	// Style is how the value becomes text: comma, space, pipe, deep, json, "explode" for
	// an object in a header, "label" or "matrix" in a path, there with ",explode" for a
	// value that is taken apart, or "" for the usual.
	Style   string
	Default string
	Least   *float64 // the smallest value, nil when the document does not say
	Ref     *Ref

	GoName string // field name, or argument name for path parameters
}

// Body is the request body.
type Body struct {
	Media    string
	Required bool
	Ref      *Ref // nil for a stream or text
	Kind     BodyKind
	Parts    []Part   // of a form or multipart body, sorted by name
	Others   []string // media types that the operation takes too
}

// Part is a member of a form or multipart body that is not sent in the usual way.
type Part struct{ Name, Style, Type string }

// BodyKind says how a body is encoded.
type BodyKind uint8

// The kinds of bodies.
const (
	BodyJSON BodyKind = iota
	BodyForm
	BodyMultipart
	BodyText
	BodyStream
)

// Result is what a call returns.
type Result struct {
	Kind   ResultKind
	Ref    *Ref
	Accept string
	Others []string // media types that the answer can have too
	Items  []Items  // what streams among its media types consist of
}

// Items describes a stream: its media type and one of its items.
type Items struct {
	Media string
	Ref   *Ref
}

// Answer is a documented answer with a JSON body.
type Answer struct {
	Status string // as the document writes it: "200", "4XX", "default"
	Ref    *Ref
}

// ResultKind says how an answer is read.
type ResultKind uint8

// The kinds of results.
const (
	ResultNone ResultKind = iota
	ResultJSON
	ResultText
	ResultStream
)

// Paging says how the pages of a list follow each other. Paths are those of
// api.Paging, and so is the meaning of the members.
type Paging struct {
	Kind     PagingKind
	Param    string
	InBody   bool
	Explicit bool
	Size     string
	First    int64
	Next     string
	Header   string
	More     string
	Final    string
	Pages    string
	Total    string
	Limit    string
	ID       string
	Greatest bool
	Items    string // path of the list, "" when the answer is the list
	Values   bool   // Items is an object of items
	Elem     *Ref   // type of one item
}

// PagingKind is a way of paging.
type PagingKind uint8

// The kinds of paging.
const (
	PagingNone PagingKind = iota
	PagingLink
	PagingPage
	PagingCursor
	PagingOffset
	PagingURL
	PagingLast
)

// Type is a named Go type.
type Type struct {
	Key      string // component key
	Kind     TypeKind
	Title    string
	Origins  []Origin
	Fields   []*Field
	Values   []*Value
	Variants []*Variant
	Elem     *Ref // of an alias
	Extra    *Ref // type of members beyond the fields, or nil
	Closed   bool // no members beyond the fields
	IsError  bool
	Doc      string

	Deprecated bool
	Name       string
	Home       *Package // nil when the API is one package
}

// Origin is one place where the type's schema stood.
type Origin struct {
	Pointer string
	Owner   string
	Path    []string
	Role    string
}

// TypeKind is the kind of a named type.
type TypeKind uint8

// The kinds of types.
const (
	Struct TypeKind = iota
	Enum
	Union
	Alias
)

// Field is a member of a struct.
type Field struct {
	JSON       string
	Required   bool
	Deprecated bool
	ReadOnly   bool
	Default    string
	Doc        string
	Ref        *Ref
	Name       string
}

// Value is one value of an enum.
type Value struct {
	Text string
	Name string
}

// Variant is one member of a union.
type Variant struct {
	Word string
	Ref  *Ref
	When string // "type=a|b": the member and values that tell the variant, or ""
	Name string
}

// Ref is the type of a position.
type Ref struct {
	Kind  RefKind
	Type  *Type    // Named
	Elem  *Ref     // Array, Map
	Null  bool     // null is allowed
	Const []string // the only values that a string may have, when it is no enum
	URL   bool     // the document says that the string is a URL
}

// RefKind is the kind of a position's type.
type RefKind uint8

// The kinds of positions.
const (
	Any RefKind = iota
	String
	Int
	Float
	Bool
	Time
	Date
	Binary // file content as text
	File   // a member of a multipart body that is streamed
	Named
	Array
	Map
)

// Scalar says whether the position is a string, number or boolean on the wire.
func (r *Ref) Scalar() bool {
	switch r.Kind {
	case String, Int, Float, Bool, Time, Date:
		return true
	case Named:
		return r.Type.Kind == Enum || r.Type.Kind == Alias && r.Type.Elem.Scalar()
	default:
		return false
	}
}

// Base follows aliases to the position that they stand for.
func (r *Ref) Base() *Ref {
	for range 16 {
		if r.Kind != Named || r.Type.Kind != Alias {
			return r
		}
		null := r.Null
		r = r.Type.Elem
		if null && !r.Null {
			c := *r
			c.Null = true
			r = &c
		}
	}
	return r
}

// Walk calls f with every position of a type's own members.
func Walk(t *Type, f func(*Ref)) {
	for _, field := range t.Fields {
		f(field.Ref)
	}
	for _, v := range t.Variants {
		f(v.Ref)
	}
	for _, r := range []*Ref{t.Elem, t.Extra} {
		if r != nil {
			f(r)
		}
	}
}

// Roots calls f with every position of an operation.
func Roots(op *Operation, f func(*Ref)) {
	for _, p := range slices.Concat(op.PathParams, op.Params) {
		f(p.Ref)
	}
	refs := []*Ref{op.Result.Ref, op.Paging.Elem}
	if op.Body != nil {
		refs = append(refs, op.Body.Ref)
	}
	for _, a := range op.Answers {
		refs = append(refs, a.Ref)
	}
	for _, items := range op.Result.Items {
		refs = append(refs, items.Ref)
	}
	for _, r := range refs {
		if r != nil {
			f(r)
		}
	}
}
