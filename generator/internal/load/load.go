// Package load turns the bytes of an OpenAPI document into a clean raw tree:
// syntax, versions, references and the JSON type of every known member are
// checked, so that later stages can rely on them. It never opens a network
// connection and reads no file outside the document's folder.
package load

import (
	"github.com/grantwire/grantwire/generator/internal/diag"
)

// Default limits. GitHub's fully dereferenced document, the largest known, has
// 73 MB; real documents nest less than 60 levels deep.
const (
	DefaultMaxBytes = 128 << 20
	DefaultMaxNodes = 16 << 20
	DefaultMaxDepth = 500
	DefaultMaxFiles = 5000
	// DefaultMaxAliasNodes bounds what YAML aliases may expand to.
	DefaultMaxAliasNodes = 1 << 20
)

// Options change how a document is read. The zero value has the default limits
// and refuses references that leave the folder.
type Options struct {
	// AllowOutside follows references to files outside the document's folder.
	// References to network addresses are refused all the same.
	AllowOutside bool
	// MaxBytes limits one file, MaxNodes the values in one file, MaxDepth their
	// nesting, MaxFiles the number of files and MaxAliasNodes the values that
	// YAML aliases stand for. Zero means the default.
	MaxBytes, MaxNodes, MaxDepth, MaxFiles, MaxAliasNodes int
}

func (o Options) withDefaults() Options {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&o.MaxBytes, DefaultMaxBytes)
	def(&o.MaxNodes, DefaultMaxNodes)
	def(&o.MaxDepth, DefaultMaxDepth)
	def(&o.MaxFiles, DefaultMaxFiles)
	def(&o.MaxAliasNodes, DefaultMaxAliasNodes)
	return o
}

// Document is a document that passed the checks of this package.
type Document struct {
	// File is the name under which diagnostics speak of the document.
	File string
	// Root is the raw tree: map[string]any, []any, string, json.Number, bool
	// and nil. Every member that OpenAPI knows has the JSON type that OpenAPI
	// gives it, and every reference is a pointer "#/…" into Root that resolves.
	// A Swagger 2.0 document is converted to 3.0. The tree belongs to the
	// caller, who may change it.
	Root map[string]any
	// Version is the document's own version text, "3.1.0" or "2.0".
	Version string
}

// Bytes reads a document from memory. name stands for it in diagnostics; a name
// that ends in .yaml or .yml lets text that looks like JSON be read as YAML.
// References to other files are refused. The document is nil when the list has
// errors.
func Bytes(name string, text []byte, opts Options) (*Document, diag.List) {
	opts = opts.withDefaults()
	l := &loader{opts: opts, name: name}
	return l.document(text)
}
