package load

import (
	"encoding/json"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/grammar"
)

// leaf gives a value without members the type that its place needs.
func (w *walker) leaf(n *grammar.Node, v any) (any, bool) {
	if fitsLeaf(n.Shape, v) {
		return v, true
	}
	out, ok := convertLeaf(n.Shape, v)
	if !ok {
		w.drop(n, v)
		return nil, false
	}
	w.warn(w.here(), diag.CodeWrongType, expected(n)+" is expected, not "+kindOf(v)+"; the value was converted", "write "+expected(n))
	return out, true
}

func fitsLeaf(s grammar.Shape, v any) bool {
	switch v := v.(type) {
	case string:
		return s == grammar.String || s == grammar.TypeName
	case bool:
		return s == grammar.Bool || s == grammar.NumberBool
	case json.Number:
		return s == grammar.Number || s == grammar.NumberBool
	case []any:
		if s != grammar.TypeName {
			return false
		}
		for _, e := range v {
			if _, ok := e.(string); !ok {
				return false
			}
		}
		return len(v) > 0
	}
	return false
}

// convertLeaf reads the value that an author meant: "true", "5", 1.0.
func convertLeaf(s grammar.Shape, v any) (any, bool) {
	switch v := v.(type) {
	case string:
		switch t := strings.ToLower(strings.TrimSpace(v)); {
		case s == grammar.Bool || s == grammar.NumberBool && !isNumber(t):
			return t == "true", t == "true" || t == "false"
		case s == grammar.Number || s == grammar.NumberBool:
			return json.Number(t), isNumber(t)
		}
	case json.Number:
		return v.String(), s == grammar.String
	case bool:
		if s == grammar.String {
			if v {
				return "true", true
			}
			return "false", true
		}
	case []any:
		if s == grammar.TypeName {
			return typeNames(v)
		}
	}
	return nil, false
}

// typeNames reads ["string", null], where the author meant the type "null".
func typeNames(list []any) (any, bool) {
	var out []any
	for _, e := range list {
		switch e := e.(type) {
		case string:
			out = append(out, e)
		case nil:
			out = append(out, "null")
		}
	}
	return out, len(out) > 0
}

// expected words the shape of a kind for messages.
func expected(n *grammar.Node) string {
	switch n.Shape {
	case grammar.Object:
		if n.Name != "" && strings.ContainsRune("aeiouAEIO", rune(n.Name[0])) {
			return "an " + n.Name + " object"
		}
		return "a " + n.Name + " object"
	case grammar.Map:
		return "an object"
	case grammar.List:
		return "a list"
	case grammar.String:
		return "text"
	case grammar.Bool:
		return "true or false"
	case grammar.Number:
		return "a number"
	case grammar.TypeName:
		return "the name of a type"
	case grammar.NumberBool:
		return "a number or a boolean"
	}
	return "a value"
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "text"
	case json.Number:
		return "a number"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "something else"
}
