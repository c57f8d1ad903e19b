package plain

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Mode says which of the values of a schema a Maker makes.
type Mode struct {
	Variant int  // which variant of a union, which value of an enum
	Minimal bool // required members and parameters only
	Nulls   bool // null where the schema allows it
	Zero    bool // false, 0, "" and [] where the schema allows them
}

func (m Mode) String() string {
	switch {
	case m.Minimal:
		return "minimal"
	case m.Nulls:
		return "nulls"
	case m.Zero:
		return "zero"
	}
	return fmt.Sprintf("full/%d", m.Variant)
}

// Place is where a value travels; it decides which awkward characters a
// string may hold.
type Place uint8

// The places of a value.
const (
	InBody  Place = iota
	InForm        // a member of a form body
	InParts       // a member of a multipart body
	InQuery
	InHeader
	InPath
	InSegments // a path value that keeps its slashes
)

// Maker makes distinct, valid, recognisable values for one operation. It is
// not safe for concurrent use.
type Maker struct {
	// Tame leaves characters that need escaping out of path values.
	Tame bool
	// Small keeps integers within what JavaScript holds.
	Small bool

	doc  *Document
	mode Mode
	n    int
	item int            // index in the array being made, so that neighbours differ
	deep int            // lists and objects around the value
	used map[string]int // how often each schema was made, by reference
}

// enough is how many scalars a value has before schemas that it shows already are
// left out of it: where everything contains everything, the whole of it has no end
// that memory reaches.
const enough = 2000

// spent tells whether an optional schema was shown before and the value is big.
func (m *Maker) spent(schema Node) bool {
	for m.n > enough {
		if ref := text(schema["$ref"]); ref != "" {
			return m.used[ref] > 1
		}
		items := object(schema["items"])
		if items == nil {
			return false
		}
		schema = items
	}
	return false
}

// NewMaker returns a Maker whose values are the same on every run.
func NewMaker(doc *Document, mode Mode) *Maker {
	return &Maker{doc: doc, mode: mode, used: map[string]int{}}
}

// Value makes a value for schema. name becomes part of every string.
func (m *Maker) Value(schema Node, name string, place Place) (any, error) {
	return m.value(schema, name, place, nil)
}

func (m *Maker) value(schema Node, name string, place Place, refs []string) (any, error) {
	if m.mode.Nulls && place == InBody && m.doc.nullable(schema) {
		return nil, nil // null is the value
	}
	return m.notNull(schema, name, place, refs)
}

func (m *Maker) notNull(schema Node, name string, place Place, refs []string) (any, error) {
	m.used[text(schema["$ref"])]++
	s, err := m.doc.flatten(schema, refs, m.mode.Variant+m.item)
	if err != nil {
		return nil, err
	}
	if enum := slices.DeleteFunc(slices.Clone(list(s.node["enum"])), func(v any) bool { return v == nil }); len(enum) > 0 {
		m.n++
		v := enum[(m.n+m.mode.Variant+m.item)%len(enum)]
		if n, ok := v.(json.Number); ok && typeOf(s.node) == "string" {
			return n.String(), nil // the document says text and writes a number
		}
		return v, nil
	}
	if s.node["enum"] != nil && len(list(s.node["enum"])) == 0 {
		return nil, fmt.Errorf("%s: no value is in both enumerations", name)
	}
	switch t := typeOf(s.node); t {
	case "object", "array":
		m.deep++
		defer func() { m.deep-- }()
		if t == "array" {
			return m.array(s, name, place)
		}
		return m.object(s, name, place)
	case "string":
		return m.string(s.node, name, place)
	case "integer":
		return m.integer(s.node)
	case "number":
		return m.number(s.node)
	case "boolean":
		m.n++
		return !m.mode.Zero && (m.n+m.mode.Variant)%2 == 0, nil
	case "":
		return m.anything(name, place), nil
	case null:
		return nil, nil
	default:
		return nil, fmt.Errorf("%s: type %q is unknown", name, t)
	}
}

// anything is a value for a schema that allows all.
func (m *Maker) anything(name string, place Place) any {
	m.n++
	if place != InBody {
		return fmt.Sprintf("w%d-%s", m.n, name)
	}
	return Node{fmt.Sprintf("w%d", m.n): []any{name, true, nil, Node{}}}
}

func (m *Maker) object(s flat, name string, place Place) (any, error) {
	out := Node{}
	required := names(s.node["required"])
	properties := object(s.node["properties"])
	least, _ := number(s.node["minProperties"])
	least -= float64(len(required)) // members that a minimal object needs beyond those
	most, limited := number(s.node["maxProperties"])
	for _, member := range slices.Sorted(maps.Keys(properties)) {
		if properties[member] == false {
			continue // admits nothing
		}
		schema := object(properties[member])
		if !required[member] && (m.mode.Minimal && least <= 0 || m.spent(schema)) || m.readOnly(schema) {
			continue
		}
		if !required[member] {
			if limited && len(out)+missing(required, out) >= int(most) {
				continue
			}
			least--
		}
		v, err := m.value(schema, member, place, s.refs)
		if errors.Is(err, errRecursive) {
			if !required[member] {
				continue
			}
			v, err = m.value(schema, member, place, s.own)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", member, err)
		}
		out[member] = v
	}
	for _, member := range slices.Sorted(maps.Keys(required)) {
		if _, ok := properties[member]; !ok && properties != nil {
			out[member] = m.anything(member, place) // required, and not described
		}
	}
	return out, m.extra(s, out, name, place)
}

// readOnly members are the provider's to set: a request must not hold them.
func (m *Maker) readOnly(schema Node) bool {
	n, err := m.doc.resolve(schema)
	return err == nil && n["readOnly"] == true
}

// extra adds members that the schema has no name for: always when it describes
// them, else only to an object without declared members. A type with declared
// members need not keep others.
// missing counts the required members that out lacks.
func missing(required map[string]bool, out Node) int {
	count := 0
	for member := range required {
		if _, ok := out[member]; !ok {
			count++
		}
	}
	return count
}

func (m *Maker) extra(s flat, out Node, name string, place Place) error {
	more := s.node["additionalProperties"]
	described := object(more) != nil
	free := len(object(s.node["properties"])) == 0 && more != false
	least, _ := number(s.node["minProperties"])
	count := 2
	if !described && !free || m.mode.Zero || m.mode.Minimal {
		count = max(0, int(least)-len(out))
	}
	if limit, ok := number(s.node["maxProperties"]); ok {
		count = min(count, int(limit)-len(out))
	}
	for range count {
		m.n++
		key := fmt.Sprintf("w%d-extra", m.n)
		schema := object(more)
		if schema == nil {
			schema = Node{"type": "string"}
		}
		v, err := m.value(schema, name, place, s.refs)
		if errors.Is(err, errRecursive) {
			return nil
		}
		if err != nil {
			return err
		}
		out[key] = v
	}
	return nil
}

func (m *Maker) array(s flat, name string, place Place) (any, error) {
	items := object(s.node["items"])
	least, hasLeast := number(s.node["minItems"])
	count := max(2, m.width(items))
	if m.mode.Zero && !hasLeast && place <= InParts {
		return []any{}, nil
	}
	count = max(count, int(least))
	if most, ok := number(s.node["maxItems"]); ok {
		count = min(count, int(most))
	}
	out := []any{}
	defer func(outer int) { m.item = outer }(m.item)
	for i := range count {
		m.item = i
		v, err := m.value(items, name, place, s.refs)
		if errors.Is(err, errRecursive) && !hasLeast {
			break
		}
		if err != nil {
			return nil, err
		}
		if s.node["uniqueItems"] == true && slices.ContainsFunc(out, func(w any) bool { return Equal(v, w) }) {
			continue
		}
		out = append(out, v)
	}
	return out, nil
}

// width is the number of variants of an item, so that one array shows all.
func (m *Maker) width(items Node) int {
	n, err := m.doc.resolve(items)
	if err != nil {
		return 0
	}
	return max(len(list(n["oneOf"])), len(list(n[anyOf])))
}

func (m *Maker) integer(n Node) (any, error) {
	m.n++
	low, hasLow := number(n["minimum"])
	high, hasHigh := number(n["maximum"])
	switch {
	case m.mode.Zero && low <= 0 && (!hasHigh || high >= 0):
		return jsonNumber(0), nil
	case hasHigh:
		if !hasLow {
			low = 0
		}
		if low > high {
			return nil, fmt.Errorf("minimum %v is above maximum %v", low, high)
		}
		return jsonNumber(int64(low) + int64(m.n)%(int64(high)-int64(low)+1)), nil
	case m.n%3 == 0 && n["format"] == "int32":
		return jsonNumber(1<<31 - 1 - int64(m.n)), nil
	case m.n%3 == 0 && !m.Small:
		return jsonNumber(1<<53 + 1 + 2*int64(m.n)), nil // odd: a float64 can't hold it
	}
	return jsonNumber(max(int64(low), 0) + 1000 + int64(m.n)), nil
}

func (m *Maker) number(n Node) (any, error) {
	m.n++
	low, _ := number(n["minimum"])
	high, hasHigh := number(n["maximum"])
	if m.mode.Zero && low <= 0 && (!hasHigh || high >= 0) {
		return jsonNumber(0), nil
	}
	if hasHigh {
		return rational((low + high) / 2), nil
	}
	// Slack's time stamps have this size: an exponent would show here.
	return rational(low + 1700000000 + float64(m.n) + 0.25), nil
}

func number(v any) (float64, bool) {
	r, ok := ratOf(v)
	if !ok {
		return 0, false
	}
	f, _ := r.Float64()
	return f, true
}

func (m *Maker) string(n Node, name string, place Place) (any, error) {
	m.n++
	least, _ := number(n["minLength"])
	if place == InParts && isFile(n) {
		return m.file(name), nil
	}
	if m.mode.Zero && place <= InParts && least == 0 && n["pattern"] == nil && n["format"] == nil {
		return "", nil
	}
	s, pattern := m.formatted(n, name, place), (*regexp.Regexp)(nil)
	if source := text(n["pattern"]); source != "" {
		fits, compiled, err := m.matching(source, int(least))
		if err != nil {
			return nil, err
		}
		if pattern = compiled; n["format"] == nil || !pattern.MatchString(s) {
			s = fits
		}
	}
	if most, ok := number(n["maxLength"]); ok && utf8.RuneCountInString(s) > int(most) {
		s = string([]rune(s)[:int(most)])
	}
	for utf8.RuneCountInString(s) < int(least) {
		s += "x"
	}
	if pattern != nil && !pattern.MatchString(s) {
		return nil, fmt.Errorf("%s: no string found for pattern %s", name, pattern)
	}
	return s, nil
}

// isFile tells a file from text in a multipart body.
func isFile(n Node) bool {
	media := text(n["contentMediaType"])
	return text(n["format"]) == "binary" || text(n["contentEncoding"]) == "binary" ||
		n["contentEncoding"] == nil && n["format"] == nil && media != "" && !IsJSON(media) && !strings.HasPrefix(media, "text/")
}

// file makes a file; every other one says what it is.
func (m *Maker) file(name string) File {
	f := File{Content: []byte(fmt.Sprintf("w%d \x00\xff\r\n--of %s", m.n, name))}
	if m.n%2 == 0 {
		f.Name, f.Type = fmt.Sprintf("w%d ü.bin", m.n), "image/jpeg"
	}
	return f
}

func (m *Maker) formatted(n Node, name string, place Place) string {
	switch text(n["format"]) {
	case "date-time":
		return fmt.Sprintf("2031-02-03T%02d:%02d:%02dZ", m.n/3600%24, m.n/60%60, m.n%60)
	case "date":
		return fmt.Sprintf("2031-%02d-%02d", m.n/28%12+1, m.n%28+1)
	case "uri", "url":
		return fmt.Sprintf("https://wire.example/w%d?x=1&y=%%20", m.n)
	case "email":
		return fmt.Sprintf("w%d@wire.example", m.n)
	case "uuid":
		return fmt.Sprintf("00000000-0000-4000-8000-%012x", m.n)
	case "duration":
		return fmt.Sprintf("P%dDT%dS", m.n/60+1, m.n%60)
	case "time":
		return fmt.Sprintf("%02d:%02d:%02dZ", m.n/3600%24, m.n/60%60, m.n%60)
	case "ipv4":
		return fmt.Sprintf("192.0.2.%d", m.n%254+1)
	case "ipv6":
		return fmt.Sprintf("2001:db8::%x", m.n)
	case "hostname":
		return fmt.Sprintf("w%d.wire.example", m.n)
	case "repo.nwo":
		return fmt.Sprintf("w%d/wire", m.n)
	case "byte":
		return base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf("w%d", m.n)))
	}
	if m.Tame && place >= InPath {
		return fmt.Sprintf("w%d", m.n)
	}
	if m.deep > 0 && place > InParts {
		// Many servers decode before they take a list apart: its separators stay out.
		return fmt.Sprintf("w%d-%s/ü&%%26?#[]", m.n, name)
	}
	return fmt.Sprintf("w%d", m.n) + awkward(name, place)
}

// awkward is the name amid the characters that wrong encoders get wrong in a
// place.
func awkward(name string, place Place) string {
	switch place {
	case InHeader:
		return " " + name + "; a=\"b,c\""
	case InPath:
		return " " + name + "/ü&=+%2F?#;,:@"
	case InSegments:
		return "/" + name + " ü/&=+%2F?#;,:@"
	case InQuery:
		return " " + name + "/ü&=+%26?#;[]"
	default:
		return " " + name + "/ü&=+%26?#;,\"\\<>\u2028\n"
	}
}

func rational(f float64) any {
	return json.Number(strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(f, 'f', 6, 64), "0"), "."))
}

// Body makes a value for a whole request body, which is never null.
func (m *Maker) Body(schema Node, media string) (any, error) {
	place := InBody
	switch media {
	case "application/x-www-form-urlencoded":
		place = InForm
	case "multipart/form-data":
		place = InParts
	}
	return m.notNull(schema, "body", place, nil)
}
