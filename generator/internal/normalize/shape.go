package normalize

import (
	"encoding/json"
	"fmt"
	"strings"
)

// shape brings the schema itself, not what is below it, into one canonical shape:
// allOf merged, null taken out and returned, type present, enum clean. The
// input is not modified.
func (n *normalizer) shape(v any, at place) (s tree, null bool) {
	switch t := v.(type) {
	case tree:
		s = t
	case bool, nil:
		return tree{}, false // true and a missing schema admit everything; false can't be sent at all
	default:
		n.assume(at.pointer, "schema-not-object", fmt.Sprintf("a schema is an object, not %T; any value is accepted", v))
		return tree{}, false
	}
	for range 16 {
		if ref, ok := s["$ref"].(string); ok {
			return keepRef(s, ref), null || flag(s, "nullable")
		}
		var again bool
		s, again, null = n.step(s, null, at)
		if !again {
			return s, null
		}
	}
	n.assume(at.pointer, "schema-too-nested", "a schema wraps itself too often; any value is accepted")
	return tree{}, null
}

func keepRef(s tree, ref string) tree {
	out := tree{"$ref": ref}
	if flag(s, "deprecated") {
		out["deprecated"] = true
	}
	return out
}

// step applies the rules in order; again asks for another round because the schema
// has turned into another one.
func (n *normalizer) step(s tree, null bool, at place) (out tree, again, outNull bool) {
	s, isNull := takeNull(foldConst(n.plain(s, at)))
	null = null || isNull
	if describesMore(s) {
		joined, joinedNull := n.conditional(s, at)
		return joined, true, null || joinedNull
	}
	if all := list(s, "allOf"); len(all) > 0 {
		merged, mergedNull := n.mergeAll(s, at)
		return merged, true, null || mergedNull
	}
	if s["oneOf"] != nil || s["anyOf"] != nil {
		out, again, unionNull := n.shapeUnion(s, at)
		return out, again, null || unionNull
	}
	if items := object(s, "items"); s["type"] == nil && s["properties"] == nil && (items["anyOf"] != nil || items["oneOf"] != nil) {
		n.assume(at.pointer, "items-without-array", "items without type: array that hold a union are read as that union")
		items = without(items)
		items[openKey] = true // a guess: what it does not list is kept
		return items, true, null
	}
	if items := object(s, "items"); text(s, "type") == "object" && len(items) > 0 && n.meansItems(s, at) {
		n.assume(at.pointer, "items-of-object", "an object with items and no members is read as what its items are")
		return items, true, null
	}
	s = n.arrayMembers(s, at)
	s = n.inferType(s, at)
	s, enumNull := n.cleanEnum(s, at)
	return s, false, null || enumNull
}

// meansItems recognises an object that is described by items, as if it were a list.
func (n *normalizer) meansItems(s tree, at place) bool {
	return s["properties"] == nil && s["additionalProperties"] == nil && kind(n.peek(object(s, "items"), at)) == "struct"
}

// arrayMembers moves the members that stand on a list, and not on its items, to
// these, where nothing else says what they are.
func (n *normalizer) arrayMembers(s tree, at place) tree {
	props := object(s, "properties")
	if text(s, "type") != "array" || len(props) == 0 {
		return s
	}
	out := without(s, "properties", "required")
	if item := n.peek(object(s, "items"), at); kind(item) != "" && (kind(item) != "map" || item["additionalProperties"] != nil) {
		n.assume(at.pointer, "properties-of-array", "a list has no members, but items; the members are left out")
		return out
	}
	n.assume(at.pointer, "properties-of-array", "a list has no members, but items; the members are read as theirs")
	item := keep(s, "properties", "required")
	item["type"] = "object"
	out["items"] = withFrom(item, at.pointer)
	return out
}

// foldConst reads JSON Schema's const as an enum of one value.
func foldConst(s tree) tree {
	c, ok := s["const"]
	if !ok || s["enum"] != nil {
		return s
	}
	s = without(s, "const")
	s["enum"] = []any{c}
	return s
}

// inferType fills in the type that a schema forgot and repairs one of the wrong
// form, so that every later rule may trust it.
func (n *normalizer) inferType(s tree, at place) tree {
	switch t := s["type"].(type) {
	case string:
		if t == "file" || t == "string" && fileContent(s) {
			s = without(s, "type")
			s["type"], s["format"] = "string", "binary"
		}
		return s
	case nil:
	default:
		n.assume(at.pointer, "type-not-string", fmt.Sprintf("type is %T, not a string; it is ignored", t))
		s = without(s, "type")
	}
	guess := ""
	switch {
	case s["properties"] != nil || s["additionalProperties"] != nil:
		guess = "object"
	case s["items"] != nil:
		guess = "array"
	case len(list(s, "enum")) > 0:
		guess = enumType(list(s, "enum"))
	}
	if guess == "" {
		return s
	}
	s = without(s)
	s["type"] = guess
	return s
}

// fileContent says whether a string is the content of a file, as 3.1 writes it: with
// a media type that is no text and no encoding that would make it text.
func fileContent(s tree) bool {
	if s["format"] != nil {
		return false
	}
	media, encoding := base(text(s, "contentMediaType")), text(s, "contentEncoding")
	if encoding != "" {
		return encoding == "binary"
	}
	return media != "" && !IsJSON(media) && !strings.HasPrefix(media, "text/")
}

// enumType is the one type that all values share, or "".
func enumType(values []any) string {
	found := ""
	for _, v := range values {
		var t string
		switch v := v.(type) {
		case string:
			t = "string"
		case bool:
			t = "boolean"
		case json.Number:
			t = "integer"
			if strings.ContainsAny(v.String(), ".eE") {
				t = "number"
			}
		case nil:
			continue
		default:
			return ""
		}
		if found != "" && found != t {
			return ""
		}
		found = t
	}
	return found
}

// cleanEnum drops null, repeated and misplaced values. Enums of numbers and
// booleans stay plain numbers and booleans in Go.
func (n *normalizer) cleanEnum(s tree, at place) (out tree, null bool) {
	values, ok := s["enum"].([]any)
	if !ok {
		return s, false
	}
	var kept []any
	seen := make(map[string]bool, len(values)) // an enum of countries, cities or codes may be long
	for _, v := range values {
		if v == nil {
			null = true
			continue
		}
		str, isString := v.(string)
		if text(s, "type") == "string" && !isString {
			str = strings.Trim(canonical(v), `"`)
			n.assume(at.pointer, "enum-value-type", "an enum of strings holds a value of another type; it is taken as its text")
		}
		if text(s, "type") == "string" {
			v = str
		}
		if key := canonical(v); !seen[key] {
			seen[key] = true
			kept = append(kept, v)
		}
	}
	s = without(s, "enum")
	if text(s, "type") == "string" && len(kept) > 0 {
		s["enum"] = kept
	}
	return s, null
}
