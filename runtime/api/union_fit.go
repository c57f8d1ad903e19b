package api

import (
	"bytes"
	"cmp"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const anyKind = `nt"0{[`

// fill works out the kinds when the plan is first used and not when it is made:
// unions may contain each other.
func (p *unionPlan) fill() {
	p.once.Do(func() {
		for _, v := range p.variants {
			p.kinds = append(p.kinds, kindsOf(deref(v.typ), map[reflect.Type]bool{}))
		}
	})
}

// kindsOf returns the kinds of JSON that a variant of type t can take. seen ends
// the recursion of unions within each other.
func kindsOf(t reflect.Type, seen map[reflect.Type]bool) string {
	switch {
	case t == typeRaw || t.Kind() == reflect.Interface:
		return anyKind
	case t == typeWireTime || t == typeWireDate:
		return `"0`
	case t == typeTime:
		return `"`
	}
	if union := unionOf(t); union != nil {
		if seen[t] {
			return ""
		}
		seen[t] = true
		var kinds strings.Builder
		for _, v := range union.variants {
			kinds.WriteString(kindsOf(deref(v.typ), seen))
		}
		return kinds.String()
	}
	if p := reflect.PointerTo(t); p.Implements(reflect.TypeFor[json.Unmarshaler]()) ||
		p.Implements(reflect.TypeFor[json.UnmarshalerFrom]()) {
		return anyKind
	}
	switch k := t.Kind(); {
	case k == reflect.String || classOf(t) == classText || classOf(t) == classBytes:
		return `"`
	case k == reflect.Bool:
		return "t"
	case isNumber(k):
		return "0"
	case k == reflect.Slice || k == reflect.Array:
		return "["
	}
	return "{"
}

// candidate is a variant with how well it fits.
type candidate struct {
	unionVariant
	tagged         bool // the union tag names it
	missing        bool // a required member is not there
	known, unknown int
	rank           int
}

// candidates lists the variants that b may be, best first.
func (p *unionPlan) candidates(b []byte, outer []*unionPlan) []candidate {
	kind := RawJSON(b).Kind()
	if kind == 'f' {
		kind = 't'
	}
	p.fill()
	var list []candidate
	for i, v := range p.variants {
		if strings.IndexByte(p.kinds[i], byte(kind)) >= 0 {
			list = append(list, candidate{unionVariant: v})
		}
	}
	if len(list) == 0 || kind == 'n' {
		return nil
	}
	var members map[string]RawJSON
	switch {
	case len(list) == 1 && list[0].member == "" && outer == nil: // nothing to choose from
	case kind == '{':
		members = membersOf(b)
	case kind == '[':
		members = membersOf(firstElement(b))
	}
	fitting := list[:0]
	for _, c := range list {
		if inner := unionOf(deref(c.typ)); inner != nil {
			if c.weighUnion(inner, b, append(outer, p)) {
				fitting = append(fitting, c)
			}
		} else if c.possible(b, kind, members) {
			c.weigh(b, kind, members)
			fitting = append(fitting, c)
		}
	}
	slices.SortStableFunc(fitting, better)
	return fitting
}

func better(a, b candidate) int {
	return cmp.Or(
		order(b.tagged, a.tagged), order(a.missing, b.missing),
		cmp.Compare(b.known, a.known), cmp.Compare(a.unknown, b.unknown), cmp.Compare(a.rank, b.rank),
	)
}

// order sorts false before true.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// possible excludes variants that can be known not to fit: another tag value,
// text that is no time, a list of another kind of element.
func (c *candidate) possible(b []byte, kind jsontext.Kind, members map[string]RawJSON) bool {
	base := deref(c.typ)
	switch {
	case (base == typeWireTime || base == typeWireDate) && kind == '0':
		_, ok := parseUnix(string(b))
		return ok
	case base == typeWireTime || base == typeWireDate:
		text := unquote(b)
		_, ok := parseTime(text)
		return ok && len(text) >= len("2006-01-02") && text[4] == '-' // not a number in quotes
	case kind == '[' && base.Kind() == reflect.Slice && base != typeRaw:
		first := firstElement(b)
		if first == nil {
			return true
		}
		k := first.Kind()
		if k == 'f' {
			k = 't'
		}
		return k == 'n' || strings.IndexByte(kindsOf(deref(base.Elem()), map[reflect.Type]bool{}), byte(k)) >= 0
	case c.member != "":
		value, ok := members[c.member]
		if !ok {
			return true
		}
		c.tagged = slices.Contains(c.values, tagText(value))
		return c.tagged
	}
	return true
}

func tagText(value RawJSON) string {
	if value.Kind() == '"' {
		return unquote(value)
	}
	return string(value)
}

// weighUnion takes over how well the best variant of an inner union fits; false
// when none does.
func (c *candidate) weighUnion(inner *unionPlan, b []byte, outer []*unionPlan) bool {
	if slices.Contains(outer, inner) {
		return false
	}
	list := inner.candidates(b, outer)
	if len(list) == 0 {
		return false
	}
	variant := c.unionVariant
	*c = list[0]
	c.unionVariant = variant
	return true
}

// weigh fills in how well the variant fits. Ranks put the narrower type first
// where one kind of JSON fits several: a time before text, an integer before a
// fraction, a struct before a map.
func (c *candidate) weigh(b []byte, kind jsontext.Kind, members map[string]RawJSON) {
	base := deref(c.typ)
	if kind == '[' && base.Kind() == reflect.Slice {
		base = deref(base.Elem())
	}
	switch {
	case base == typeRaw || base.Kind() == reflect.Interface:
		c.rank = 9
	case base.Kind() == reflect.Map:
		c.rank, c.missing = 5, true
	case base == typeWireTime || base == typeWireDate:
		if kind == '0' {
			c.rank = 4 // a number is a number unless nothing else takes it
		}
	case base.Kind() == reflect.String && base.PkgPath() == "":
		c.rank = 2
	case base.Kind() == reflect.String:
		c.rank = 1
	case isFloat(base.Kind()):
		c.rank = 1
		if kind == '0' && bytes.ContainsAny(b, ".eE") {
			c.rank = -1
		}
	case base.Kind() == reflect.Struct && members != nil && unionOf(base) == nil:
		c.count(shapeOf(base), members)
	}
}

func (c *candidate) count(s *shape, members map[string]RawJSON) {
	for name := range members {
		if _, ok := s.known[name]; ok {
			c.known++
		} else if !s.open {
			c.unknown++
		}
	}
	if c.known == 0 && len(members) > 0 {
		c.missing = true // nothing speaks for it
	}
	for name, required := range s.known {
		if _, ok := members[name]; required && !ok {
			c.missing = true
		}
	}
}

// membersOf returns the members of a JSON object; their values alias b.
func membersOf(b RawJSON) map[string]RawJSON {
	if b.Kind() != '{' {
		return nil
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(b), decodeOptions)
	members := make(map[string]RawJSON)
	if _, err := dec.ReadToken(); err != nil {
		return members
	}
	for dec.PeekKind() == '"' {
		t, err := dec.ReadToken()
		if err != nil {
			break
		}
		name := t.String()
		value, err := dec.ReadValue()
		if err != nil {
			break
		}
		members[name] = value.Clone()
	}
	return members
}

func firstElement(b RawJSON) RawJSON {
	dec := jsontext.NewDecoder(bytes.NewBuffer(b), decodeOptions)
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '[' || dec.PeekKind() == ']' {
		return nil
	}
	value, err := dec.ReadValue()
	if err != nil {
		return nil
	}
	return value
}
