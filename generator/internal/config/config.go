// Package config reads provider.yaml: the pinned source of a provider's
// document and everything that is special about the provider.
package config

// Provider is the content of one provider.yaml. Members that the file leaves
// out are zero; that is a valid choice for all but Name and Package, and
// Source for documents that grantgen fetches.
type Provider struct {
	// Name is the provider's name in diagnostics, errors and audit rows.
	Name string `yaml:"name"`
	// Title is what the package's comment calls the API; "" is the document's title.
	Title string `yaml:"title"`
	// Package is the Go package's name.
	Package string `yaml:"package"`
	// ImportPath is the Go package's import path, for its examples.
	ImportPath string `yaml:"import_path"`
	// Notes ends the package's comment: what a caller should know and neither the
	// document nor a method's signature says.
	Notes string `yaml:"notes"`
	// Docs is a link to the provider's own documentation.
	Docs   string `yaml:"docs"`
	Source Source `yaml:"source"`

	// BaseURL replaces the document's first server; "" keeps it.
	BaseURL string `yaml:"base_url"`
	// Headers are sent with every request.
	Headers map[string]string `yaml:"headers"`
	// CredentialParameters name parameters and form members that carry a
	// credential. They leave the surface: the vault injects the credential.
	CredentialParameters []string `yaml:"credential_parameters"`
	// DropParameters name parameters that leave the surface and are never sent:
	// what stands on every operation and says nothing, such as the answer's
	// indentation. KeepParameters are the exceptions, by operation ID.
	DropParameters []string            `yaml:"drop_parameters"`
	KeepParameters map[string][]string `yaml:"keep_parameters"`
	// OptionalMembers name members of objects that the document requires and that
	// nobody has to send.
	OptionalMembers []string `yaml:"optional_members"`
	// MultiSegment is the extension that marks a path parameter which may hold
	// slashes; "" means the value of such a parameter is always one segment.
	MultiSegment string `yaml:"multi_segment"`
	// MultiSegmentParameters name such parameters where the document marks none.
	MultiSegmentParameters []string `yaml:"multi_segment_parameters"`

	Errors Errors `yaml:"errors"`
	// Paging rules, the first that fits an operation counts. Nil, which is a file
	// without the key, means one rule of kind auto; an empty list means that no
	// operation pages.
	Paging []Paging `yaml:"paging"`

	Groups Groups `yaml:"groups"`
	// Packages cut the API into several Go packages.
	Packages Packages `yaml:"packages"`
	// Flat maps the name of a method on the client to an operation ID. In an API of
	// several packages the package stands in front: "users.ListMessages".
	Flat  map[string]string `yaml:"flat"`
	Names Names             `yaml:"names"`
	// Families say what operations do where their names would be read wrongly: send,
	// read, write, delete, admin or payment -> operation IDs, in which "*" stands for
	// any text. Rules of the vault go by them.
	Families map[string][]string `yaml:"families"`
}

// FamilyNames are the keys of Families, sorted.
func FamilyNames() []string {
	return []string{"admin", "delete", "payment", "read", "send", "write"}
}

// Source says where the upstream document comes from: an npm package, a URL or
// a file.
type Source struct {
	// Npm is a package's name, Version its exact version, Integrity the hash
	// that the registry publishes ("sha512-…"), Path the file inside it.
	Npm       string `yaml:"npm"`
	Version   string `yaml:"version"`
	Integrity string `yaml:"integrity"`
	Path      string `yaml:"path"`
	// URL is an https address, checked against Integrity.
	URL string `yaml:"url"`
	// File is a path relative to provider.yaml.
	File string `yaml:"file"`
	// Date is the day (2026-08-21) on which the document, or the package that
	// carries it, was published.
	Date string `yaml:"date"`
	// Licence is the SPDX identifier of the document's licence, or a sentence.
	Licence string `yaml:"licence"`
}

// Errors describes the provider's error bodies. Paths are dotted member names,
// or numbers of items of a list ("errors.0.message").
type Errors struct {
	// OK is a boolean member that is false on failure although the status is 2xx.
	OK        string `yaml:"ok"`
	Code      string `yaml:"code"`
	Message   string `yaml:"message"`
	RequestID string `yaml:"request_id"` // a response header
	// Codes that mean the same as status 401, 429 and 404.
	Unauthorized []string `yaml:"unauthorized"`
	RateLimited  []string `yaml:"rate_limited"`
	NotFound     []string `yaml:"not_found"`
	// Type is the name of the package's own, hand-written error type, or "".
	Type string `yaml:"type"`
}

// PagingKind is a way of paging.
type PagingKind string

// The kinds of paging.
const (
	PagingLink   PagingKind = "link"   // a Link response header names the next page
	PagingPage   PagingKind = "page"   // a parameter holds the page's number
	PagingCursor PagingKind = "cursor" // the answer names the next page's cursor
	PagingOffset PagingKind = "offset" // a parameter counts the items before the page
	PagingURL    PagingKind = "url"    // the body holds the next page's URL or path
	PagingLast   PagingKind = "last"   // the next page starts after the last item's ID
	PagingAuto   PagingKind = "auto"   // what the shape of an operation proves
)

// Paging is one rule. Paths are dotted member names of the response's body, or
// JSON pointers where they start with a slash ("/@odata.nextLink").
type Paging struct {
	Kind PagingKind `yaml:"kind"`
	// Param says where the page starts: its number, cursor or offset. It is a
	// query parameter or a path in the request's form or JSON body.
	Param string `yaml:"param"`
	// Explicit sends the number of the first page, too: some APIs page only then.
	Explicit bool   `yaml:"explicit"`
	Size     string `yaml:"size"`   // parameter that limits the page's items
	First    *int64 `yaml:"first"`  // number of the first page (1) or item (0)
	Next     string `yaml:"next"`   // path of the next cursor or URL
	Header   string `yaml:"header"` // response header that holds the cursor
	More     string `yaml:"more"`   // path of what is false, null or empty on the last page
	Final    string `yaml:"final"`  // path of a boolean that is true on the last page
	Pages    string `yaml:"pages"`  // path of the number of pages
	Total    string `yaml:"total"`  // path of the number of items on all pages
	// Limit is the path of the page size, by which an offset grows where the API
	// counts what was asked for. "": it grows by the items received.
	Limit string `yaml:"limit"`
	ID    string `yaml:"id"` // path in an item of what the next page starts after ("id")
	// Greatest takes the greatest ID of a page instead of the last item's.
	Greatest bool `yaml:"greatest"`
	// Items are paths to look for the list at. Empty: the body is the list, or
	// has only one. Values says that an object at such a path holds the items as
	// the values of its members.
	Items  []string `yaml:"items"`
	Values bool     `yaml:"values"`
	// ImpliedBy names parameters that show link paging where the document does
	// not declare the Link header.
	ImpliedBy []string `yaml:"implied_by"`
	// Operations limits the rule to these operation IDs; empty means all. Except
	// are IDs that the rule leaves to others.
	Operations []string `yaml:"operations"`
	Except     []string `yaml:"except"`
}

// Grouping sorts operations into services.
type Grouping string

// The groupings.
const (
	GroupAuto   Grouping = ""       // slash, dotted or ids where all operations fit, tags otherwise
	GroupSlash  Grouping = "slash"  // operation IDs of the form group/method
	GroupDotted Grouping = "dotted" // paths of the form /group.sub.method
	GroupIDs    Grouping = "ids"    // operation IDs of the form api.group.sub.method
	GroupTags   Grouping = "tags"   // the first tag
	GroupFirst  Grouping = "first"  // the path's first segment that says something
	GroupPath   Grouping = "path"   // the path's first segment, or the one after it
)

// Groups names the services.
type Groups struct {
	Rule Grouping `yaml:"rule"`
	// Names maps a group to its Go field where the rule's name reads badly.
	Names map[string]string `yaml:"names"`
	// Operations puts single operations into another group: ID -> group.
	Operations map[string]string `yaml:"operations"`
}

// Splitting cuts an API into packages.
type Splitting string

// The ways to cut.
const (
	SplitNone     Splitting = ""         // one package
	SplitResource Splitting = "resource" // by the path's first segment that says something
)

// Packages say whether and how an API is cut into several Go packages.
type Packages struct {
	Rule Splitting `yaml:"rule"`
	// Names maps a resource to the Go package of its operations, and the component
	// that a package of shared types would be called after to that package's name.
	// Resources with one name share a package.
	Names map[string]string `yaml:"names"`
}

// Naming is what the methods are named by.
type Naming string

// The ways of naming methods.
const (
	NamedByID    Naming = ""
	NamedByRoute Naming = "route"
)

// Names overrides what the rules decide.
type Names struct {
	Types      map[string]string `yaml:"types"`      // component -> Go type
	Operations map[string]string `yaml:"operations"` // operation ID -> Group.Method
	// Initialisms are words in capitals that the built-in list lacks ("DND").
	Initialisms []string `yaml:"initialisms"`
	// Strip lists prefixes of component and group names that say nothing ("objs_").
	Strip []string `yaml:"strip"`
	// Methods says what names the methods: the operation IDs, or their routes where
	// the IDs only repeat these ("get_files_id").
	Methods Naming `yaml:"methods"`
	// Reserved lists the package's hand-written declarations.
	Reserved []string `yaml:"reserved"`
}
