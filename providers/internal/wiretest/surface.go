package wiretest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/providers/internal/subject"
)

type node = map[string]any

// surfaced returns the document as the package's surface has it.
func surfaced(spec []byte, s subject.Surface) ([]byte, error) {
	if len(s.Dropped)+len(s.Segmented)+len(s.JSONBodies)+len(s.FileForms) == 0 {
		return spec, nil
	}
	doc := node{}
	dec := json.NewDecoder(bytes.NewReader(spec))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil {
		return nil, err
	}
	c := &changer{Surface: s, doc: doc, met: map[string]bool{}}
	paths, _ := doc["paths"].(node)
	for _, v := range paths {
		if item, ok := v.(node); ok {
			c.item(item)
		}
	}
	for _, name := range slices.Concat(s.Dropped, s.Segmented, s.JSONBodies, s.FileForms) {
		if !c.met[name] {
			return nil, fmt.Errorf("the surface changes %q, which the document does not have", name)
		}
	}
	return json.Marshal(doc)
}

type changer struct {
	subject.Surface
	doc node
	met map[string]bool // names and operations that were found
}

// item moves the parameters of the path to its operations, where the exceptions
// can tell them apart.
func (c *changer) item(item node) {
	shared, _ := item["parameters"].([]any)
	delete(item, "parameters")
	for _, method := range []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"} {
		op, ok := item[method].(node)
		if !ok {
			continue
		}
		id, _ := op["operationId"].(string)
		own, _ := op["parameters"].([]any)
		op["parameters"] = c.parameters(id, own, shared)
		if slices.Contains(c.JSONBodies, id) {
			c.jsonBody(id, op)
		}
		if slices.Contains(c.FileForms, id) {
			c.fileForm(id, op)
		}
	}
}

func (c *changer) parameters(id string, own, shared []any) []any {
	out := []any{}
	seen := map[string]bool{}
	for _, v := range slices.Concat(own, shared) {
		p := c.follow(v)
		name, _ := p["name"].(string)
		key := fmt.Sprint(p["in"], " ", name)
		if seen[key] {
			continue
		}
		seen[key] = true
		if slices.Contains(c.Dropped, name) {
			c.met[name] = true
			if !slices.Contains(c.Kept[id], name) {
				continue
			}
		}
		if p["in"] == "path" && slices.Contains(c.Segmented, name) {
			c.met[name] = true
			p["x-multi-segment"] = true
		}
		out = append(out, p)
	}
	return out
}

func (c *changer) follow(v any) node {
	m, _ := v.(node)
	ref, ok := m["$ref"].(string)
	if !ok {
		return m
	}
	var at any = c.doc
	for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		inner, _ := at.(node)
		at = inner[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
	}
	m, _ = at.(node)
	return m
}

func (c *changer) jsonBody(id string, op node) {
	body := c.follow(op["requestBody"])
	content, _ := body["content"].(node)
	for _, entry := range content {
		body["content"] = node{"application/json": entry}
		c.met[id] = true
		return
	}
}

func (c *changer) fileForm(id string, op node) {
	content, _ := c.follow(op["requestBody"])["content"].(node)
	entry, ok := content["multipart/form-data"].(node)
	if !ok {
		return
	}
	entry["schema"] = node{"type": "object", "required": []any{"file"}, "properties": node{"file": entry["schema"]}}
	c.met[id] = true
}
