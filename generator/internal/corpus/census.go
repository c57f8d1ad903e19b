package corpus

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/model"
)

// The codes of what a census finds.
const (
	lostOperation = "lost-operation"
	lostParameter = "lost-parameter"
	lostBody      = "lost-body"
	lostResult    = "lost-result"
	lostMember    = "lost-member"
	wrongRequired = "wrong-required"
)

// census counts what a document describes and lists what the model lacks. It
// reads the document by itself, with none of the generator's rules: what both
// would overlook for the same reason is the danger here.
// told says of what the diagnostics speak: that is not lost, nor is what lies below.
func census(root map[string]any, api *model.API, told func(pointer string) bool) []Finding {
	c := counter{root: root, told: told, ops: map[string]*model.Operation{}, members: members(api), seen: map[string]bool{}}
	for _, op := range api.Ops {
		c.ops[op.Method+" "+op.Path] = op
	}
	paths, _ := root["paths"].(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := c.follow(paths[path])
		for _, method := range slices.Sorted(maps.Keys(item)) {
			op, isObject := item[method].(map[string]any)
			if isObject && slices.Contains(methods, strings.ToLower(method)) {
				c.operation(path, method, item, op)
			}
		}
	}
	return c.lost
}

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

type counter struct {
	root    map[string]any
	told    func(pointer string) bool
	ops     map[string]*model.Operation
	members map[string]bool // the wire names of all fields of the package
	seen    map[string]bool // schemas by pointer
	lost    []Finding
}

func members(api *model.API) map[string]bool {
	out := map[string]bool{}
	for _, t := range api.Types {
		for _, f := range t.Fields {
			out[f.JSON] = true
		}
	}
	return out
}

func (c *counter) lose(code, pointer, format string, args ...any) {
	if !c.told(pointer) {
		c.lost = append(c.lost, Finding{code, pointer, fmt.Sprintf(format, args...)})
	}
}

func (c *counter) operation(path, method string, item, op map[string]any) {
	pointer := diag.Pointer("paths", path, method)
	name := strings.ToUpper(method) + " /" + strings.TrimPrefix(path, "/")
	got := c.ops[name]
	if got == nil {
		c.lose(lostOperation, pointer, "%s is not in the package", name)
		return
	}
	c.parameters(pointer, got, item, op)
	c.body(pointer+"/requestBody", name, got, op)
	c.result(pointer, name, got, op)
}

func (c *counter) body(pointer, name string, got *model.Operation, op map[string]any) {
	body, pointer := c.followTo(op["requestBody"], pointer)
	content := object(body, "content")
	switch {
	case len(content) == 0 || got.Body == nil && c.emptyForm(content):
	case got.Body == nil:
		c.lose(lostBody, pointer, "%s has no body", name)
	case got.Body.Ref != nil:
		entry := object(content, got.Body.Media)
		c.schema(entry["schema"], pointer+diag.Pointer("content", got.Body.Media, "schema"))
	}
}

// emptyForm recognises the form without fields that tools write for every GET.
func (c *counter) emptyForm(content map[string]any) bool {
	for media := range content {
		s := c.follow(object(content, media)["schema"])
		if props, ok := s["properties"].(map[string]any); !ok || len(props) > 0 {
			return false
		}
	}
	return true
}

// schema looks for members that no type of the package has.
func (c *counter) schema(v any, pointer string) {
	s, pointer := c.followTo(v, pointer)
	if s == nil || c.seen[pointer] || c.told(pointer) {
		return
	}
	c.seen[pointer] = true
	for name, p := range object(s, "properties") {
		if p == false {
			continue // a member that no value can have
		}
		here := pointer + diag.Pointer("properties", name)
		if !c.members[name] {
			c.lose(lostMember, here, "no type has the member %q", name)
		}
		c.schema(p, here)
	}
	c.schema(s["items"], pointer+"/items")
	c.schema(s["additionalProperties"], pointer+"/additionalProperties")
	for _, word := range []string{"allOf", "oneOf", "anyOf"} {
		list, _ := s[word].([]any)
		for i, v := range list {
			c.schema(v, pointer+diag.Pointer(word, strconv.Itoa(i)))
		}
	}
}

func (c *counter) parameters(pointer string, got *model.Operation, item, op map[string]any) {
	have := map[string]*model.Param{}
	for _, p := range slices.Concat(got.PathParams, got.Params) {
		have[p.In+" "+p.Name] = p
	}
	own := map[string]bool{}
	look := func(list any, pointer string, mine bool) {
		all, _ := list.([]any)
		for i, v := range all {
			p := c.follow(v)
			name, _ := p["name"].(string)
			in, _ := p["in"].(string)
			key := in + " " + name
			if !mine && own[key] {
				continue
			}
			own[key] = own[key] || mine
			here := pointer + "/parameters/" + strconv.Itoa(i)
			found := have[key]
			switch {
			case in == "body" && got.Body == nil, in == "formData" && got.Body == nil: // of Swagger 2.0
				c.lose(lostBody, here, "%s has no body", name)
			case in == "body" || in == "formData":
			case found == nil && !(in == "header" && spoken(name)):
				c.lose(lostParameter, here, "%s parameter %q is not in the package", in, name)
			case found != nil && found.Required != (p["required"] == true) && in != "path":
				c.lose(wrongRequired, here, "%s parameter %q: required is %t in the package", in, name, found.Required)
			}
		}
	}
	look(op["parameters"], pointer, true)
	look(item["parameters"], pointer[:strings.LastIndexByte(pointer, '/')], false)
}

// spoken names the headers that OpenAPI says are no parameters, and the one that
// every HTTP client writes itself.
func spoken(header string) bool {
	switch strings.ToLower(header) {
	case "accept", "content-type", "authorization", "content-length":
		return true
	}
	return false
}

// result looks for a success whose content the package does not return.
func (c *counter) result(pointer, name string, got *model.Operation, op map[string]any) {
	responses := object(op, "responses")
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		r, pointer := c.followTo(responses[status], pointer+"/responses/"+status)
		content := object(r, "content")
		for _, media := range slices.Sorted(maps.Keys(content)) {
			entry := object(content, media)
			schema := c.follow(entry["schema"])
			if carries(status) && got.Result.Kind == model.ResultNone && len(schema) > 0 && !closed(schema) {
				c.lose(lostResult, pointer, "%s returns nothing, although %s has %s", name, status, media)
			}
			if media == "application/json" {
				c.schema(entry["schema"], pointer+diag.Pointer("content", media, "schema"))
			}
		}
	}
}

// carries says whether an answer with this status is a success that may have a body.
func carries(status string) bool {
	return strings.HasPrefix(status, "2") && status != "204" && status != "205"
}

// closed recognises the schema of the empty object.
func closed(s map[string]any) bool {
	return s["additionalProperties"] == false && len(object(s, "properties")) == 0
}

func object(m map[string]any, key string) map[string]any {
	o, _ := m[key].(map[string]any)
	return o
}

// follow returns the object at hand or the one that it refers to in the document.
func (c *counter) follow(v any) map[string]any {
	m, _ := c.followTo(v, "")
	return m
}

// followTo is follow that knows where the object stands.
func (c *counter) followTo(v any, pointer string) (map[string]any, string) {
	for range 32 {
		m, _ := v.(map[string]any)
		ref, isRef := m["$ref"].(string)
		if !isRef || !strings.HasPrefix(ref, "#/") {
			return m, pointer
		}
		if unescaped, err := url.PathUnescape(ref); err == nil {
			ref = unescaped
		}
		v, pointer = c.at(ref[2:]), ref[1:]
	}
	return nil, pointer
}

// at is the value at a pointer, nil when nothing is there.
func (c *counter) at(pointer string) any {
	var v any = c.root
	for token := range strings.SplitSeq(pointer, "/") {
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		switch t := v.(type) {
		case map[string]any:
			v = t[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(t) {
				return nil
			}
			v = t[i]
		default:
			return nil
		}
	}
	return v
}
