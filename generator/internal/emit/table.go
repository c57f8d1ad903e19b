package emit

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/model"
	"github.com/grantwire/grantwire/generator/internal/output"
)

// TableName is the operation table's file, beside the package.
const TableName = "operations.json"

// tableFormat is the number that a reader of another release looks at. What is
// added leaves it; what an older reader would take for something else raises it.
const tableFormat = 1

// Origin says where the document came from.
type Origin struct {
	Source string // as messages name it: a file, an address, npm:PACKAGE@VERSION/PATH
	Date   string // the day on which it was published, or ""
}

// The operation table: what a program in any language needs to know about each
// call, as data. The members are written in this order.
type (
	table struct {
		Format   int             `json:"grantgen_operations"`
		Provider string          `json:"provider"`
		Version  string          `json:"spec_version,omitempty"`
		Source   string          `json:"source,omitempty"`
		Date     string          `json:"source_date,omitempty"`
		Hash     string          `json:"content_hash"` // of content, without white space
		Content  json.RawMessage `json:"content"`
	}
	tableOp struct {
		ID         string            `json:"id"`
		Method     string            `json:"method"`
		Path       string            `json:"path"`
		Server     string            `json:"server,omitempty"`
		Access     string            `json:"access"`
		Families   []string          `json:"families,omitempty"`
		Scopes     []string          `json:"scopes,omitempty"`
		Deprecated bool              `json:"deprecated,omitempty"`
		Idempotent bool              `json:"idempotent,omitempty"`
		Params     []tableParam      `json:"params,omitempty"`
		Body       *tableBody        `json:"body,omitempty"`
		Accept     string            `json:"accept,omitempty"` // of an answer that is no JSON
		Answers    map[string]schema `json:"answers,omitempty"`
	}
	tableParam struct {
		Name       string `json:"name"`
		In         string `json:"in"`
		Required   bool   `json:"required,omitempty"`
		Deprecated bool   `json:"deprecated,omitempty"`
		Segments   bool   `json:"segments,omitempty"` // the value may hold slashes
		Style      string `json:"style,omitempty"`
		Schema     schema `json:"schema"`
	}
	tableBody struct {
		Media    string   `json:"media"`
		Others   []string `json:"others,omitempty"`
		Required bool     `json:"required,omitempty"`
		Schema   *schema  `json:"schema,omitempty"`
	}
)

// table renders the operation table: one line for each schema and operation, so
// that a difference shows what changed.
func (e *emitter) table() (output.File, error) {
	content, err := e.tableContent()
	if err != nil {
		return output.File{}, err
	}
	var plain bytes.Buffer
	if err := json.Compact(&plain, content); err != nil {
		return output.File{}, err
	}
	sum := sha256.Sum256(plain.Bytes())
	head, err := encoded(table{
		Format: tableFormat, Provider: cmp.Or(e.api.Provider, e.opts.Package), Version: e.api.Version,
		Source: e.opts.Origin.Source, Date: e.opts.Origin.Date, Hash: "sha256:" + hex.EncodeToString(sum[:]), Content: json.RawMessage("0"),
	})
	if err != nil {
		return output.File{}, err
	}
	text := slices.Concat(bytes.TrimSuffix(head, []byte("0}")), content, []byte("}\n"))
	return output.File{Name: TableName, Content: text}, nil
}

func (e *emitter) tableContent() ([]byte, error) {
	var b bytes.Buffer
	base, err := encoded(e.api.BaseURL)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, "{\"base_url\":%s,\n\"schemas\":{", base)
	used := e.tableTypes()
	for i, t := range used {
		name, err := encoded(schemaName(t))
		if err != nil {
			return nil, err
		}
		body, err := encoded(typeSchema(t))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s\n%s:%s", comma(i), name, body)
	}
	b.WriteString("},\n\"operations\":[")
	for i, op := range e.api.Ops {
		line, err := encoded(e.tableOp(op))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s\n%s", comma(i), line)
	}
	b.WriteString("]}")
	return b.Bytes(), nil
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

// encoded is a value's JSON on one line.
func encoded(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// tableTypes are the types that operations can reach, sorted by the name that
// references use.
func (e *emitter) tableTypes() []*model.Type {
	all := func(op *model.Operation) (refs []*model.Ref) {
		model.Roots(op, func(r *model.Ref) { refs = append(refs, r) })
		return refs
	}
	return slices.SortedFunc(maps.Keys(reached(e.api, all)), func(a, b *model.Type) int { return cmp.Compare(schemaName(a), schemaName(b)) })
}

// schemaName is what references call a type: its name in Go, which the names list
// keeps when another type comes, behind its package where there are several.
func schemaName(t *model.Type) string {
	if t.Home != nil {
		return strings.ReplaceAll(t.Home.Path, "/", ".") + "." + t.Name
	}
	return t.Name
}

var accessNames = [...]string{model.Read: "read", model.Write: "write", model.Delete: "delete"}

func (e *emitter) tableOp(op *model.Operation) tableOp {
	out := tableOp{
		ID: op.ID, Method: op.Method, Path: op.Template, Server: op.Server, Access: accessNames[op.Access],
		Families: e.opts.Families[op.ID], Scopes: op.Scopes, Deprecated: op.Deprecated, Idempotent: op.Idempotent,
	}
	for _, p := range slices.Concat(op.PathParams, op.Params) {
		out.Params = append(out.Params, tableParam{
			Name: p.Name, In: p.In, Required: p.Required || p.In == "path", Deprecated: p.Deprecated, Segments: p.Segments, Style: p.Style, Schema: refSchema(p.Ref),
		})
	}
	if b := op.Body; b != nil {
		out.Body = &tableBody{Media: b.Media, Others: b.Others, Required: b.Required}
		if b.Ref != nil {
			s := refSchema(b.Ref)
			out.Body.Schema = &s
		}
	}
	if op.Result.Kind == model.ResultText || op.Result.Kind == model.ResultStream {
		out.Accept = op.Result.Accept
	}
	for _, a := range op.Answers {
		if out.Answers == nil {
			out.Answers = map[string]schema{}
		}
		out.Answers[a.Status] = refSchema(a.Ref)
	}
	return out
}
