package normalize

import (
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
)

// Extensions that the normal form uses beside OpenAPI's own members.
const (
	NullKey     = "x-null"         // true on a schema position that may hold null
	VariantsKey = "x-variants"     // on a union: one {name, when} object per member of oneOf
	TemplateKey = "x-template"     // on an operation whose path is not what is sent
	ItemsKey    = "x-stream-items" // on an answer: what the streams among its media types consist of
	SegmentsKey = "x-segments"     // true on a path parameter that may hold slashes
	EmptyKey    = "x-empty"        // true on an object that admits no member at all
	ReadOnlyKey = "x-readonly"     // members of an object that only answers hold
	ErrorKey    = "x-error"        // true on a component that only errors refer to
)

// VariantMark starts the word of a union's variant in [Origin.Path].
const VariantMark = "|"

// tree is a JSON object of the raw document.
type tree = map[string]any

// Options select and steer; the zero value keeps everything.
type Options struct {
	Provider    string
	Credentials []string            // names of parameters that carry a credential and leave the surface
	Dropped     []string            // names of parameters that leave the surface and are not sent
	Kept        map[string][]string // operation ID -> dropped names that stay there
	Segments    string              // extension that marks a path parameter which may hold slashes
	Segmented   []string            // names of such parameters
	Tags        []string            // keep only operations with one of these tags
	Operations  []string            // keep only operations with one of these IDs
	Docs        bool                // carry descriptions along
}

// Role says what kind of position a hoisted schema was found in.
type Role string

// The roles, in the order in which a name is preferred.
const (
	RoleComponent Role = "component" // a component's own schema
	RoleProperty  Role = "property"  // below a component
	RoleBody      Role = "body"      // the root of a request body
	RoleResult    Role = "result"    // the root of a successful answer
	RoleError     Role = "error"     // below an error answer
	RoleParam     Role = "param"     // a parameter
	RoleInner     Role = "inner"     // below a body or an answer
)

// Origin is one place where a component's schema stood in the document.
type Origin struct {
	Pointer string   // JSON pointer
	Owner   string   // component key or operation ID at the root of the path
	Path    []string // words from the owner to the schema: property names, "item", "value", variant hints
	Role    Role
}

// Form is a document in normal form.
type Form struct {
	Root    tree                // an OpenAPI 3.0 document
	Origins map[string][]Origin // per component key, in document order
}

// Run brings the document into normal form.
func Run(root map[string]any, opts Options) (*Form, diag.List) {
	n := &normalizer{
		root: root, opts: opts,
		components: tree{}, origins: map[string][]Origin{},
		byShape: map[string]string{}, nullable: map[string]bool{}, aliases: map[string]string{}, peeked: map[string]tree{}, deep: map[string]bool{}, loops: map[string]string{},
		credentials: set(opts.Credentials), surface: newSurface(opts),
	}
	n.schemas, _ = at(root, "components", "schemas").(tree)
	n.findDeep(root)
	n.findAliases()
	paths := n.paths()
	n.unknownParameters()
	n.defineReferenced()
	info := object(root, "info")
	components := tree{"schemas": n.components}
	if s := at(root, "components", "securitySchemes"); s != nil {
		components["securitySchemes"] = s
	}
	out := tree{
		"openapi":    oldestVersion(paths),
		"info":       tree{"title": text(info, "title"), "version": text(info, "version")},
		"paths":      paths,
		"components": components,
	}
	if servers, ok := root["servers"]; ok {
		out["servers"] = servers
	}
	return &Form{Root: out, Origins: n.origins}, n.diags
}

// oldestVersion is the first one that knows the methods of the operations.
func oldestVersion(paths tree) string {
	for _, item := range paths {
		if item, ok := item.(tree); ok && (item[methodQuery] != nil || item[additionalOperations] != nil) {
			return "3.2.0"
		}
	}
	return "3.0.3"
}

type normalizer struct {
	root        tree
	schemas     tree // components.schemas of the input
	opts        Options
	credentials map[string]bool
	surface     *surface

	components tree
	origins    map[string][]Origin
	byShape    map[string]string // canonical structure (and name) -> component key
	nullable   map[string]bool   // component key -> the component itself admits null
	aliases    map[string]string // component key -> the component that it repeats
	queue      []string          // referenced components still to be defined
	queued     map[string]bool
	errorRoots []string          // components that stand for error objects, see hoistError
	merging    []string          // components on the way down through allOf, to stop cycles
	joining    []string          // joined properties on the way down, see endless
	deep       map[string]bool   // references to what is no component
	loops      map[string]string // of those, the ones that lead back to themselves: the component to be
	depth      int               // of peek, see there
	peeked     map[string]tree   // reference -> what peek saw there
	diags      diag.List
}

func (n *normalizer) report(sev diag.Severity, pointer, code, message, remedy string) {
	n.diags = append(n.diags, diag.Diagnostic{
		Severity: sev, Provider: n.opts.Provider, Pointer: strings.TrimPrefix(pointer, "#"),
		Code: code, Message: message, Remedy: remedy,
	})
}

func (n *normalizer) assume(pointer, code, message string) {
	n.report(diag.Warning, pointer, code, message, "")
}
