//go:build conformance

package conformance

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/grantwire/grantwire/runtime/api"
)

// methods are the members of a path item that are operations.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// requestsOf writes the document of what these operations may send: their
// parameters, bodies and security, and what those refer to. Prism unfolds every
// reference at every place, so that a whole document takes it minutes, or for ever.
//
// depth is how many references in a row are kept, 0 all; what a deeper one leads
// to may be anything.
func (u *upstream) requestsOf(operations []api.Operation, depth int) ([]byte, error) {
	byID, byRoute := map[string]bool{}, map[string]bool{}
	for _, op := range operations {
		byID[op.ID], byRoute[op.Method+" "+op.Path] = true, true
	}
	c := &cutter{from: u, depth: depth, out: map[string]any{}}
	paths := map[string]any{}
	for path, at := range u.object(u.root["paths"]) {
		item, some := map[string]any{}, false
		for key, v := range u.object(at) {
			if slices.Contains(methods, key) {
				operation := u.object(v)
				id, _ := operation["operationId"].(string)
				if !byID[id] && !byRoute[strings.ToUpper(key)+" "+path] {
					continue
				}
				v, some = requestOf(operation), true
			}
			item[key] = c.copy(v, 0)
		}
		if some {
			paths[path] = item
		}
	}
	for _, key := range []string{"openapi", "info", "servers", "security"} {
		if v, ok := u.root[key]; ok {
			c.out[key] = v
		}
	}
	c.section("components")["securitySchemes"] = u.object(u.root["components"])["securitySchemes"]
	c.out["paths"] = paths
	return json.Marshal(c.out)
}

// requestOf is an operation without its answers. One is required.
func requestOf(operation map[string]any) map[string]any {
	request := maps.Clone(operation)
	delete(request, "callbacks")
	request["responses"] = map[string]any{"default": map[string]any{"description": ""}}
	return request
}

// cutter copies a document from some places on.
type cutter struct {
	from  *upstream
	depth int
	out   map[string]any
}

// copy returns v with its references led to copies, which it makes. deep is how many
// references to schemas led to v.
func (c *cutter) copy(v any, deep int) any {
	switch v := v.(type) {
	case []any:
		all := make([]any, len(v))
		for i, item := range v {
			all[i] = c.copy(item, deep)
		}
		return all
	case map[string]any:
		all := make(map[string]any, len(v))
		for key, item := range v {
			all[key] = c.copy(item, deep)
		}
		if ref, ok := v["$ref"].(string); ok {
			c.lead(all, ref, deep)
		}
		return all
	}
	return v
}

// lead makes the copy that a reference leads to, and leads it there.
func (c *cutter) lead(holder map[string]any, ref string, deep int) {
	steps := strings.Split(ref, "/")
	if steps[0] != "#" || len(steps) < 2 {
		return // to another file; as it was
	}
	place, name := steps[1:len(steps)-1], steps[len(steps)-1]
	if len(place) == 0 || place[0] != "components" { // into an operation that may not be here
		place, name = []string{"x-elsewhere"}, hex.EncodeToString([]byte(ref))
	}
	if c.depth > 0 && slices.Contains(place, "schemas") {
		if deep == c.depth {
			delete(holder, "$ref")
			return
		}
		deep++
		name += "." + strconv.Itoa(deep)
	}
	section, key := c.section(place...), unescape(name)
	if _, ok := section[key]; !ok {
		section[key] = nil // ends the walk along a circle
		section[key] = c.copy(c.from.at(ref), deep)
	}
	holder["$ref"] = "#/" + strings.Join(place, "/") + "/" + name
}

// section returns the object at a place of the copy, and makes it.
func (c *cutter) section(place ...string) map[string]any {
	at := c.out
	for _, step := range place {
		below, ok := at[unescape(step)].(map[string]any)
		if !ok {
			below = map[string]any{}
			at[unescape(step)] = below
		}
		at = below
	}
	return at
}

// unescape is the name that a step of a reference means. A reference is part of an
// address, so that a step may have percent signs beside the tildes of JSON pointers.
func unescape(step string) string {
	if plain, err := url.PathUnescape(step); err == nil {
		step = plain
	}
	return pointerStep.Replace(step)
}

var pointerStep = strings.NewReplacer("~1", "/", "~0", "~")
