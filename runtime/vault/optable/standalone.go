package optable

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Limits of the schemas that a standalone one takes along.
const (
	maxDefs      = 400
	maxDefsBytes = 256 << 10
)

// Schemas are an operation's schemas, each complete in itself: what it refers to
// stands in its own $defs. Those of a large API can lead to all of it; what would
// make one longer than about 256 KiB is left out and may be anything there.
type Schemas struct {
	Params   []jsontext.Value // one object each, with name, in, required and schema
	Request  jsontext.Value   // nil = no body
	Response jsontext.Value   // of the documented success; nil = none, or no JSON
}

type rawOperation struct {
	Params []jsontext.Value `json:"params"`
	Body   *struct {
		Media  string         `json:"media"`
		Schema jsontext.Value `json:"schema"`
	} `json:"body"`
	Answers map[string]jsontext.Value `json:"answers"`
}

// Schemas returns the operation's schemas. The caller owns them.
func (o *Operation) Schemas() Schemas {
	var raw rawOperation
	_ = json.Unmarshal(o.raw, &raw) // Parse has read it before
	s := Schemas{Params: []jsontext.Value{}}
	for _, p := range raw.Params {
		s.Params = append(s.Params, o.table.standalone(p))
	}
	if b := raw.Body; b != nil {
		s.Request = o.table.standalone(withMedia(b.Schema, b.Media))
	}
	if a := success(raw.Answers); a.Kind() == '{' { // not null
		s.Response = o.table.standalone(a)
	}
	return s
}

// success is the answer to a call that went well.
func success(answers map[string]jsontext.Value) jsontext.Value {
	var statuses []string
	for status := range answers {
		if strings.HasPrefix(status, "2") {
			statuses = append(statuses, status)
		}
	}
	if len(statuses) == 0 {
		return answers["default"]
	}
	return answers[slices.Min(statuses)]
}

// withMedia adds the media type of a body that is not the usual one.
func withMedia(schema jsontext.Value, media string) jsontext.Value {
	if schema.Kind() != '{' { // missing or null
		schema = jsontext.Value(`{"type":"string"}`)
	}
	if media == "" || media == "application/json" {
		return schema
	}
	text, err := json.Marshal(media)
	if err != nil {
		return schema
	}
	return member(schema, "contentMediaType", text)
}

// member adds a member to the end of an object.
func member(object jsontext.Value, name string, value []byte) jsontext.Value {
	out := bytes.TrimSuffix(object, []byte("}"))
	out = slices.Clip(out)
	if len(out) > 1 {
		out = append(out, ',')
	}
	out = append(out, `"`+name+`":`...)
	return append(append(out, value...), '}')
}

// standalone rewrites references into $defs of the object's own.
func (t *Table) standalone(object jsontext.Value) jsontext.Value {
	names := t.references(object)
	if len(names) == 0 {
		return object.Clone()
	}
	var defs bytes.Buffer
	seen := map[string]bool{}
	for _, name := range names {
		seen[name] = true
	}
	for i := 0; i < len(names); i++ {
		if i > 0 {
			defs.WriteByte(',')
		}
		defs.WriteString(`"` + names[i] + `":`)
		raw := t.schemas[names[i]]
		if i >= maxDefs || defs.Len()+len(raw) > maxDefsBytes {
			defs.WriteString(`{"$comment":"left out: too much belongs to it"}`)
			continue
		}
		defs.Write(raw)
		for _, next := range t.references(raw) {
			if !seen[next] {
				seen[next] = true
				names = append(names, next)
			}
		}
	}
	out := member(object, "$defs", append(append([]byte{'{'}, defs.Bytes()...), '}'))
	return bytes.ReplaceAll(out, []byte(refMember), []byte(`"$ref":"#/$defs/`))
}

// refMember starts a reference. Inside a string its quotes would be escaped, so
// that text in a table cannot look like it.
const refMember = `"$ref":"` + refPrefix

// references lists the schemas that a text refers to, each once. A member that
// this package does not know may hold anything, so only what is there counts.
func (t *Table) references(text jsontext.Value) (names []string) {
	for rest := []byte(text); ; {
		_, after, found := bytes.Cut(rest, []byte(refMember))
		if !found {
			return names
		}
		name, tail, closed := bytes.Cut(after, []byte(`"`))
		if !closed {
			return names
		}
		if _, known := t.schemas[string(name)]; known && !slices.Contains(names, string(name)) {
			names = append(names, string(name))
		}
		rest = tail
	}
}
