// Package grammar says, as one table, which members the objects of an OpenAPI
// 3.0, 3.1 or 3.2 document have, of which JSON type they are, where references
// may stand and which members are facts rather than prose. Stages that walk a
// raw tree use it to tell a schema's "description" from a property of that name.
package grammar

import "strings"

// Shape is the JSON type that a value must have.
type Shape uint8

// Shapes.
const (
	Any        Shape = iota // not looked into
	Object                  // fixed members, see Node.Fields
	Map                     // any members, all of the kind Node.Elem
	List                    // elements of the kind Node.Elem
	String                  // text
	Bool                    // true or false
	Number                  // a number
	TypeName                // text, or a list of texts (a schema's type)
	NumberBool              // a number, or a boolean (3.0's exclusiveMinimum)
)

// Node is one kind of value.
type Node struct {
	// Name names the kind in messages, "schema".
	Name  string
	Shape Shape
	// Fields are the members of an Object.
	Fields map[string]Field
	// Elem is the kind of the members of a Map or the elements of a List.
	Elem *Node
	// Section is the member of components that holds shared values of this kind;
	// not empty means that a reference may stand in its place.
	Section string
	// OrBool allows a boolean in place of the object (schemas).
	OrBool bool
	// Extensible says that members of a Map that start with x- are extensions.
	Extensible bool
}

// Field is a member of an Object.
type Field struct {
	Node *Node
	// Fact marks members that a facts-only document keeps.
	Fact bool
}

// Step returns the kind of the member or element of n that token names, or nil
// when the table does not know it.
func (n *Node) Step(token string) *Node {
	if n == nil {
		return nil
	}
	if n.Shape == Object {
		return n.Fields[token].Node
	}
	return n.Elem
}

// At returns the kind of the value at the unescaped tokens of a pointer, or nil.
func (n *Node) At(tokens []string) *Node {
	for _, t := range tokens {
		n = n.Step(t)
	}
	return n
}

// IsExtension reports whether a member of an Object or extensible Map is an
// extension.
func (n *Node) IsExtension(name string) bool {
	return strings.HasPrefix(name, "x-") && (n.Shape == Object || n.Extensible)
}

// Methods are the members of a path item that hold an operation, sorted.
func Methods() []string {
	return []string{"delete", "get", "head", "options", "patch", "post", "put", "query", "trace"}
}

// MultiSegment is the one extension that is a fact: a path parameter that may
// hold slashes.
const MultiSegment = "x-multi-segment"

// Document is the root of the table. The table is built once and never changed.
var Document = build()

// BySection returns the kind of the values in a section of components, or nil.
func BySection(section string) *Node {
	f, ok := Document.Fields["components"].Node.Fields[section]
	if !ok {
		return nil
	}
	return f.Node.Elem
}

func leaf(s Shape) *Node { return &Node{Shape: s} }

func list(e *Node) *Node { return &Node{Name: "list", Shape: List, Elem: e} }

func dict(e *Node) *Node { return &Node{Name: "map", Shape: Map, Elem: e} }

// add gives an Object members of one kind. Names are written as they are for
// facts, and with a dash in front for what a facts-only document drops.
func (n *Node) add(node *Node, names ...string) *Node {
	for _, name := range names {
		name, prose := strings.CutPrefix(name, "-")
		n.Fields[name] = Field{Node: node, Fact: !prose}
	}
	return n
}

func object(name, section string) *Node {
	return &Node{Name: name, Shape: Object, Section: section, Fields: map[string]Field{}}
}
