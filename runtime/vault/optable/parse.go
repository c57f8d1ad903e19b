package optable

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// FormatError says what is wrong with a table, and where. It holds no more of the
// table than the name of an operation or schema.
type FormatError struct {
	Where  string // `operation "repos/get"`, `schema "Issue"`, a member's name
	Reason string
}

func (e *FormatError) Error() string {
	if e.Where == "" {
		return "the operation table " + e.Reason
	}
	return "the operation table: " + e.Where + " " + e.Reason
}

func bad(where, reason string) error { return &FormatError{where, reason} }

// header is the table without its content.
type header struct {
	Format      *int           `json:"grantgen_operations"`
	Provider    string         `json:"provider"`
	SpecVersion string         `json:"spec_version"`
	Source      string         `json:"source"`
	SourceDate  string         `json:"source_date"`
	Hash        string         `json:"content_hash"`
	Content     jsontext.Value `json:"content"`
}

type content struct {
	BaseURL    string         `json:"base_url"`
	Schemas    jsontext.Value `json:"schemas"`
	Operations jsontext.Value `json:"operations"`
}

var providerName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// Parse reads a table. It keeps no reference to data. Errors are *FormatError.
func Parse(data []byte) (*Table, error) {
	if len(data) > MaxSize {
		return nil, bad("", fmt.Sprintf("has more than %d bytes", MaxSize))
	}
	var h header
	if err := json.Unmarshal(data, &h); err != nil {
		return nil, bad("", "is not the JSON that grantgen writes: "+shape(err))
	}
	t := &Table{Provider: h.Provider, SpecVersion: h.SpecVersion, Source: h.Source, Hash: h.Hash}
	switch {
	case h.Format == nil:
		return nil, bad("grantgen_operations", "is missing: this is no operation table")
	case *h.Format != Format:
		return nil, bad("grantgen_operations", fmt.Sprintf("is %d, and this release reads %d: use the grantgen of this release", *h.Format, Format))
	case !providerName.MatchString(t.Provider):
		return nil, bad("provider", `must be a short name such as "github"`)
	case !line(t.SpecVersion, 200), !line(t.Source, 2000):
		return nil, bad("spec_version or source", "is too long, or holds control characters")
	case h.Content == nil:
		return nil, bad("content", "is missing")
	}
	if h.SourceDate != "" {
		var err error
		if t.SourceDate, err = time.Parse(time.DateOnly, h.SourceDate); err != nil {
			return nil, bad("source_date", "must be a day such as 2026-08-21")
		}
	}
	body := h.Content.Clone()
	if err := body.Compact(); err != nil {
		return nil, bad("content", "is not valid JSON")
	}
	if sum := sha256.Sum256(body); h.Hash != "sha256:"+hex.EncodeToString(sum[:]) {
		return nil, bad("content_hash", "does not fit the content: the table was changed or damaged. Generate it again")
	}
	// One spelling of each text, so that references can be found in what is kept.
	// grantgen's tables have it, and are spared the work.
	if bytes.Contains(body, []byte(`\u`)) || bytes.Contains(body, []byte(`\/`)) {
		if err := body.Format(); err != nil {
			return nil, bad("content", "is not valid JSON")
		}
	}
	return t, t.read(body)
}

// shape says what is wrong with JSON without repeating any of it.
func shape(err error) string {
	var syntax *jsontext.SyntacticError
	var kind *json.SemanticError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("the text is broken at byte %d", syntax.ByteOffset)
	case errors.As(err, &kind):
		return fmt.Sprintf("a value at byte %d has the wrong type", kind.ByteOffset)
	}
	return "it cannot be read"
}

func (t *Table) read(body jsontext.Value) error {
	var c content
	if err := json.Unmarshal(body, &c); err != nil {
		return bad("content", "is not what grantgen writes: "+shape(err))
	}
	if t.BaseURL = c.BaseURL; !baseURL(t.BaseURL) {
		return bad("base_url", "must be an absolute http or https address without user, query and fragment, or empty")
	}
	if err := t.readSchemas(c.Schemas); err != nil {
		return err
	}
	return t.readOperations(c.Operations)
}

func (t *Table) readSchemas(raw jsontext.Value) error {
	if raw != nil && json.Unmarshal(raw, &t.schemas) != nil {
		return bad("schemas", "must be an object")
	}
	if len(t.schemas) > MaxSchemas {
		return bad("schemas", fmt.Sprintf("are more than %d", MaxSchemas))
	}
	for name, raw := range t.schemas {
		if !reference(name) {
			return bad("schemas", "hold a name with other than letters, digits, dots, hyphens and underscores")
		}
		if err := t.checkSchema(raw); err != nil {
			return bad(fmt.Sprintf("schema %q", name), err.Error())
		}
	}
	return nil
}

// checkSchema reports whether a schema reads, and its references lead somewhere.
func (t *Table) checkSchema(raw jsontext.Value) error {
	var s Schema
	if err := json.Unmarshal(raw, &s); err != nil {
		return errors.New("is no schema that this package knows: " + shape(err))
	}
	return s.check(t, 0)
}

func (t *Table) readOperations(raw jsontext.Value) error {
	var list []jsontext.Value
	if err := json.Unmarshal(raw, &list); err != nil || list == nil {
		return bad("operations", "must be a list")
	}
	if len(list) > MaxOperations {
		return bad("operations", fmt.Sprintf("are more than %d", MaxOperations))
	}
	t.byID = make(map[string]*Operation, len(list))
	for i, raw := range list {
		op, err := t.readOperation(raw)
		if err != nil {
			return bad(fmt.Sprintf("operation %d", i), err.Error())
		}
		if t.byID[op.ID] != nil {
			return bad(fmt.Sprintf("operation %q", op.ID), "occurs twice")
		}
		t.byID[op.ID] = op
		t.ops = append(t.ops, op)
	}
	return nil
}

type operation struct {
	ID         string        `json:"id"`
	Method     string        `json:"method"`
	Path       string        `json:"path"`
	Server     string        `json:"server"`
	Access     string        `json:"access"`
	Families   []rule.Family `json:"families"`
	Scopes     []string      `json:"scopes"`
	Deprecated bool          `json:"deprecated"`

	Detail `json:",inline"`
}

var families = []rule.Family{rule.FamilySend, rule.FamilyRead, rule.FamilyWrite, rule.FamilyDelete, rule.FamilyAdmin, rule.FamilyPayment}

var accesses = map[string]api.Access{"read": api.Read, "write": api.Write, "delete": api.Delete, "": 0}

func (t *Table) readOperation(raw jsontext.Value) (*Operation, error) {
	var o operation
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, errors.New("is not what grantgen writes: " + shape(err))
	}
	access, known := accesses[o.Access]
	switch {
	case o.ID == "" || utf8.RuneCountInString(o.ID) > MaxID || !line(o.ID, 4*MaxID):
		return nil, fmt.Errorf("must have an ID of 1 to %d characters without controls", MaxID)
	case !method(o.Method):
		return nil, errors.New("must have a method of up to 20 capital letters")
	case !template(o.Path):
		return nil, errors.New("must have a path that begins with a slash and closes its braces")
	case !baseURL(o.Server):
		return nil, errors.New("has a server that is no plain http or https address")
	case !known:
		return nil, errors.New("has an access that is not read, write or delete")
	case len(o.Scopes) > 100 || slices.ContainsFunc(o.Scopes, func(s string) bool { return s == "" || !line(s, 500) }):
		return nil, errors.New("has scopes that are too many, too long or empty")
	}
	for _, f := range o.Families {
		if !slices.Contains(families, f) {
			return nil, errors.New("has a family that rules do not know")
		}
	}
	if err := o.Detail.check(t); err != nil {
		return nil, err
	}
	op := &Operation{
		ID: o.ID, Method: o.Method, Path: o.Path, Server: o.Server, Access: access, Families: o.Families, Scopes: o.Scopes,
		Deprecated: o.Deprecated, table: t, raw: raw,
	}
	for _, p := range o.Params {
		if p.In == "path" && p.Segments {
			op.Segments = append(op.Segments, p.Name)
		}
	}
	return op, nil
}

// line reports whether a text is at most n bytes of printable characters.
func line(s string, n int) bool {
	return len(s) <= n && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func method(s string) bool {
	return s != "" && len(s) <= 20 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

const maxPath = 4096

// template reports whether a path template can be taken apart: each brace is
// closed before the next one opens, and its name is not empty.
func template(s string) bool {
	if !strings.HasPrefix(s, "/") || !line(s, maxPath) {
		return false
	}
	for {
		before, rest, open := strings.Cut(s, "{")
		if strings.Contains(before, "}") {
			return false
		}
		if !open {
			return true
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || name == "" || strings.ContainsAny(name, "{/") {
			return false
		}
		s = after
	}
}

func baseURL(s string) bool {
	if s == "" {
		return true
	}
	u, err := url.Parse(s)
	return err == nil && line(s, 2000) && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil &&
		u.RawQuery == "" && u.Fragment == "" && !u.ForceQuery && !strings.ContainsAny(s, "#{} \\")
}

func reference(name string) bool {
	return name != "" && len(name) <= 500 && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' && r != '-' && r != '_'
	})
}
