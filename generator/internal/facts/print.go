package facts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Print returns a raw tree as JSON: members sorted by name, one space of
// indent, one value to a line, no HTML escaping, a line feed at the end. Equal
// trees give equal bytes. It fails on values that no raw tree holds.
func Print(tree any) ([]byte, error) {
	p := printer{}
	if err := p.value(tree, 0); err != nil {
		return nil, err
	}
	p.buf.WriteByte('\n')
	return p.buf.Bytes(), nil
}

type printer struct{ buf bytes.Buffer }

func (p *printer) value(v any, depth int) error {
	switch v := v.(type) {
	case nil:
		p.buf.WriteString("null")
	case bool:
		p.buf.WriteString(strconv.FormatBool(v))
	case json.Number:
		p.buf.WriteString(v.String())
	case string:
		return p.text(v)
	case []any:
		return p.list(v, depth)
	case map[string]any:
		return p.object(v, depth)
	default:
		return fmt.Errorf("a raw tree holds no %T", v)
	}
	return nil
}

func (p *printer) text(s string) error {
	quoted, err := jsontext.AppendQuote(p.buf.AvailableBuffer(), s)
	if err != nil {
		return fmt.Errorf("text that is not UTF-8: %w", err)
	}
	p.buf.Write(quoted)
	return nil
}

func (p *printer) list(list []any, depth int) error {
	p.buf.WriteByte('[')
	for i, e := range list {
		p.newline(i > 0, depth+1)
		if err := p.value(e, depth+1); err != nil {
			return err
		}
	}
	if len(list) > 0 {
		p.newline(false, depth)
	}
	p.buf.WriteByte(']')
	return nil
}

func (p *printer) object(m map[string]any, depth int) error {
	p.buf.WriteByte('{')
	for i, name := range slices.Sorted(maps.Keys(m)) {
		p.newline(i > 0, depth+1)
		if err := p.text(name); err != nil {
			return err
		}
		p.buf.WriteString(": ")
		if err := p.value(m[name], depth+1); err != nil {
			return err
		}
	}
	if len(m) > 0 {
		p.newline(false, depth)
	}
	p.buf.WriteByte('}')
	return nil
}

func (p *printer) newline(comma bool, depth int) {
	if comma {
		p.buf.WriteByte(',')
	}
	p.buf.WriteByte('\n')
	for range depth {
		p.buf.WriteByte(' ')
	}
}
