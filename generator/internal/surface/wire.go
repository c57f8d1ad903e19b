package surface

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/model"
)

// wire lists what the Go side does not show.
func (c *comparer) wire() {
	if a, b := c.was.api.BaseURL, c.is.api.BaseURL; a != b {
		c.report = append(c.report, Change{Group: Wire, Kind: BaseURL, Name: "New", Old: a, New: b, Document: c.is.file})
	}
	for _, name := range slices.Sorted(maps.Keys(c.was.ops)) {
		if now := c.is.ops[c.now(name)]; now != nil {
			c.operation(name, c.was.ops[name], now)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.was.types)) {
		if now := c.is.types[c.now(name)]; now != nil {
			c.members(name, c.was.types[name], now)
		}
	}
}

// variables are the names in a path, which nobody sends.
var variables = regexp.MustCompile(`\{[^{}]*\}`)

func (c *comparer) operation(name string, old, now *model.Operation) {
	differ := func(kind, a, b string) {
		if a != b {
			c.add(Change{Group: Wire, Kind: kind, Name: name, Old: cmp.Or(a, "none"), New: cmp.Or(b, "none")}, c.is, c.now(name), "")
		}
	}
	differ(Method, old.Method, now.Method)
	if variables.ReplaceAllString(old.Path, "{}") != variables.ReplaceAllString(now.Path, "{}") {
		differ(Path, old.Path, now.Path)
	}
	differ(Server, old.Server, now.Server)
	differ(Request, media(old), media(now))
	differ(Answer, old.Result.Accept, now.Result.Accept)
	differ(Scopes, strings.Join(old.Scopes, " "), strings.Join(now.Scopes, " "))
	if now.Paging.Kind != model.PagingNone && old.Paging.Kind != model.PagingNone {
		differ(Paging, paging(old.Paging), paging(now.Paging))
	}
	if now.Deprecated && !old.Deprecated {
		c.add(Change{Group: Wire, Kind: Deprecated, Name: name}, c.is, c.now(name), "")
	}
	for _, p := range now.Params {
		i := slices.IndexFunc(old.Params, func(o *model.Param) bool { return o.GoName == p.GoName })
		if i >= 0 {
			c.param(name, old, old.Params[i], p)
		}
	}
}

func media(op *model.Operation) string {
	if op.Body == nil {
		return ""
	}
	return op.Body.Media
}

var pagingKinds = [...]string{"none", "link", "page", "cursor", "offset", "url", "last"}

// paging says in one line how pages follow each other, whatever the kind needs.
func paging(p model.Paging) string {
	p.Elem = nil // a type, which the Go side shows
	words := []string{fmt.Sprintf("kind %d", p.Kind)}
	if int(p.Kind) < len(pagingKinds) {
		words[0] = pagingKinds[p.Kind]
	}
	v := reflect.ValueOf(p)
	for i := range v.NumField() {
		if f := v.Field(i); !f.IsZero() && v.Type().Field(i).Name != "Kind" {
			words = append(words, fmt.Sprintf("%s %v", strings.ToLower(v.Type().Field(i).Name), f.Interface()))
		}
	}
	return strings.Join(words, ", ")
}

func (c *comparer) param(name string, op *model.Operation, old, now *model.Param) {
	full := folder(name) + op.ParamsType + "." + old.GoName
	differ := func(kind, a, b string) {
		if a != b {
			c.add(Change{Group: Wire, Kind: kind, Name: full, Old: cmp.Or(a, "none"), New: cmp.Or(b, "none")}, c.is, c.now(name), "")
		}
	}
	differ(ParamName, old.Name, now.Name)
	differ(ParamPlace, old.In, now.In)
	differ(ParamStyle, old.Style, now.Style)
	differ(Default, old.Default, now.Default)
	if now.Deprecated && !old.Deprecated {
		c.add(Change{Group: Wire, Kind: Deprecated, Name: full}, c.is, c.now(name), "")
	}
}

func (c *comparer) members(name string, old, now *model.Type) {
	differ := func(kind, member, a, b string) {
		if a != b {
			c.add(Change{Group: Wire, Kind: kind, Name: name + "." + member, Old: cmp.Or(a, "none"), New: cmp.Or(b, "none")}, c.is, c.now(name), "")
		}
	}
	for _, f := range now.Fields {
		before := member(old, f.Name)
		if before == nil {
			continue
		}
		differ(Member, f.Name, before.JSON, f.JSON)
		if f.Deprecated && !before.Deprecated {
			c.add(Change{Group: Wire, Kind: Deprecated, Name: name + "." + f.Name}, c.is, c.now(name), "")
		}
	}
	for _, v := range now.Variants {
		i := slices.IndexFunc(old.Variants, func(o *model.Variant) bool { return o.Name == v.Name })
		if i >= 0 {
			differ(Variant, v.Name, old.Variants[i].When, v.When)
		}
	}
}
