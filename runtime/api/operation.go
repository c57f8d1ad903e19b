package api

// GeneratedV1 is the handshake between this package and generated code, which
// says `const _ = api.GeneratedV1`. Where that line does not compile, one of the two
// is older than the other allows: generate the package again with the grantgen of
// the version of this module that go.mod names, or raise that version.
//
// Another number joins this one when generated code needs something that older
// versions of this package do not have, and the one before stays as long as code
// that was generated for it works. Only a release that may break callers takes one
// away.
const GeneratedV1 = 1

// Provider describes an API in static data. Generated packages hold one.
type Provider struct {
	Name    string   // short name that starts every error text: "github"
	BaseURL string   // "https://api.github.com", without a slash at the end
	Headers []Header // fixed headers of every request
	Errors  ErrorShape
	// NewError, if not nil, returns a pointer to the provider's own error type.
	// The body of an error answer is decoded into it, and errors.As finds it.
	NewError func() error
}

// Header is one fixed request header.
type Header struct{ Name, Value string }

// ErrorShape says where a provider puts the facts of an error. Paths are dotted
// member names in the JSON body, or numbers of items ("errors.0.message"); ""
// means that there is no such member.
type ErrorShape struct {
	OK        string // top-level boolean that is false on failure although the status is 2xx
	Code      string // path of the provider's error code; several, separated by "|", are tried in order
	Message   string // path of the message, or several in the same way
	RequestID string // response header with the request ID; "" = X-Request-Id

	// Codes that mean the same as status 401, 429 and 404.
	Unauthorized, RateLimited, NotFound []string
}

// Operation describes one operation in static data: what is sent, what comes
// back, how it pages. It must not change after its first use.
type Operation struct {
	Provider   *Provider
	ID         string   // the document's name of the operation: "repos/get"
	Method     string   // "GET"
	Path       string   // template: "/repos/{owner}/{repo}"
	Service    string   // Go name of the service: "Repos"
	Name       string   // Go name of the method: "Get"
	Segments   []string // path parameters whose value may hold slashes
	Server     string   // absolute base URL that replaces the provider's, or ""
	Doc        string   // link to the provider's documentation, or ""
	Scopes     []string
	Access     Access
	Idempotent bool // repeating it does no harm
	Deprecated bool
	Request    Media  // media type of the request body, sent as it is; "" = no body
	Parts      []Part // members of a form or multipart body that are not sent in the usual way
	Accept     string // Accept header; "" = */*
	Result     Result
	Redirect   bool  // GET or HEAD that documents a redirect
	Alternates []int // documented 2xx statuses whose body is not the result type
	Paging     Paging
}

// Media is the media type of a request body; it picks the encoder:
// JSON (application/json and any +json), application/x-www-form-urlencoded,
// multipart/form-data, text/*; everything else is a stream of bytes.
type Media string

// Part says how one member of a form or multipart body is sent.
type Part struct {
	Name string
	// Style is "deep" (name[0]=a, name[key]=b), "comma", "space", "pipe" or "json";
	// "" is the usual: lists repeat the name, objects are deep in a form and JSON in a
	// multipart body.
	Style string
	// Type is the media type of the part in a multipart body; "" is the usual: none for
	// text, application/json for objects, application/octet-stream for files. A file's
	// own ContentType wins.
	Type string
}

// Access says what an operation does to the provider's data. The zero value
// means that the document does not tell.
type Access uint8

// What an operation can do.
const (
	Read Access = iota + 1
	Write
	Delete
)

// String returns "read", "write", "delete" or "unknown".
func (a Access) String() string {
	switch a {
	case Read:
		return "read"
	case Write:
		return "write"
	case Delete:
		return "delete"
	}
	return "unknown"
}

// Result says what the body of a success is decoded into.
type Result uint8

// What a success can be decoded into.
const (
	None   Result = iota // no content: out is nil
	JSON                 // out is a pointer to the result
	Text                 // out is a *string
	Stream               // out is a **Download
)

// String returns "none", "json", "text" or "stream".
func (r Result) String() string {
	switch r {
	case None:
		return "none"
	case JSON:
		return "json"
	case Text:
		return "text"
	case Stream:
		return "stream"
	}
	return "unknown"
}

// PagingKind says how an operation hands out its pages.
type PagingKind uint8

// The ways to page.
const (
	PagingNone   PagingKind = iota
	PagingLink              // Link response header with rel="next"
	PagingPage              // page number in a parameter
	PagingCursor            // the answer names the next cursor
	PagingOffset            // a parameter counts the items before the page
	PagingURL               // the body holds the next page's URL or path
	PagingLast              // the next page starts after the last item's ID
)

// Paging describes how to walk the pages of an operation. Paths are dotted member
// names of the answer's body, or JSON pointers where they start with a slash: a
// name that holds dots is written "/@odata.nextLink". "" means that there is no
// such member.
type Paging struct {
	Kind     PagingKind
	Param    string // parameter that says where the page starts
	InBody   bool   // Param and Size are members of the request's form or JSON body, by path
	Explicit bool   // the request for the first page names its number or offset, too
	Size     string // parameter that holds the page size, or ""
	First    int64  // number of the first page, or of the first item
	Next     string // path of the next cursor or URL
	Header   string // PagingCursor: response header that holds the cursor in place of Next
	More     string // path of a member that is false, null or empty on the last page
	Final    string // path of a boolean that is true on the last page
	Pages    string // path of the number of pages
	Total    string // path of the number of items on all pages
	Limit    string // PagingOffset: path of the page size, by which the offset grows; "" = by the items received
	ID       string // PagingLast: path of the ID in an item
	Greatest bool   // PagingLast: the greatest ID counts, not that of the last item
	Items    string // path of the item array; "" = the body is the array
	Values   bool   // Items is an object; the items are the values of its members
}
