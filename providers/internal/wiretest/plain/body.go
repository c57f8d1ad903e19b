package plain

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

func (j *judge) body(want Expect, got Captured) {
	if got.Length >= 0 && got.Length != int64(len(got.Body)) {
		j.faultf("body", "", "has %d bytes, its announced length is %d", len(got.Body), got.Length)
	}
	media, _, _ := strings.Cut(want.Media, ";")
	switch body := want.Body.(type) {
	case nil:
		if want.Media == "" && len(got.Body) > 0 {
			j.faultf("body", "", "was not asked for")
		} else if want.Media != "" {
			j.json(nil, got.Body)
		}
		return
	case []byte:
		j.bytes(body, got.Body)
		return
	case string:
		if !IsJSON(media) {
			j.bytes([]byte(body), got.Body)
			return
		}
	}
	switch media {
	case "application/x-www-form-urlencoded":
		j.form(want, got.Body)
	case "multipart/form-data":
		j.multipart(want, got)
	default:
		j.json(want.Body, got.Body)
	}
}

func (j *judge) bytes(want, got []byte) {
	if !bytes.Equal(want, got) {
		j.faultf("body", "", "is not the %d bytes given", len(want))
		return
	}
	j.found.Members++
}

func (j *judge) json(want any, got []byte) {
	if err := duplicates(got); err != nil {
		j.faultf("body", "", "%v", err)
		return
	}
	tree, err := decode(got)
	if err != nil {
		j.faultf("body", "", "is no JSON: %v", err)
		return
	}
	if d := Differ(want, tree); d != "" {
		j.faultf("body", "", "%s", d)
		return
	}
	j.found.Members += Leaves(want)
}

// form expects every member under its name: scalars as text, arrays repeated,
// objects as name[key].
func (j *judge) form(want Expect, got []byte) {
	left, err := pairs(string(got))
	if err != nil {
		j.faultf("body", "", "%v", err)
		return
	}
	members := object(want.Body)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		expected, err := formPairs(name, members[name], object(want.Operation.encoding(want.Media)[name]))
		if err != nil {
			j.faultf("body", name, "%v", err)
			continue
		}
		left = j.take("body", name, expected, left)
		j.found.Members += len(expected)
	}
	for _, p := range left {
		j.faultf("body", p.key, "was not asked for")
	}
}

// formPairs writes down a member of a form. enc is what the encoding object says of
// it, nil for nothing.
func formPairs(name string, v any, enc Node) ([]pair, error) {
	if style := text(enc["style"]); style != "" || enc["explode"] != nil {
		explode, ok := enc["explode"].(bool)
		return stylePairs(name, cmp.Or(style, form), explode || !ok && style == form, v)
	}
	if IsJSON(text(enc["contentType"])) {
		b, err := json.Marshal(v)
		return []pair{{key: name, value: string(b)}}, err
	}
	values, ok := v.([]any)
	if !ok {
		return deep(name, v)
	}
	var all []pair
	for i, item := range values {
		if _, ok := item.(Node); ok {
			more, err := deep(name+"["+strconv.Itoa(i)+"]", item)
			if err != nil {
				return nil, err
			}
			all = append(all, more...)
			continue
		}
		t, err := plainText(item)
		if err != nil {
			return nil, err
		}
		all = append(all, pair{key: name, value: t})
	}
	return all, nil
}

// duplicates reports an object that has a member twice: decoders keep one of
// them in silence.
func duplicates(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	var open []map[string]bool // nil for an array
	key := false
	for {
		t, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("is no JSON: %w", err)
		}
		name, isString := t.(string)
		if key && isString {
			seen := open[len(open)-1]
			if seen[name] {
				return fmt.Errorf("has member %q twice", name)
			}
			seen[name] = true
			key = false
			continue
		}
		switch t {
		case json.Delim('{'):
			open = append(open, map[string]bool{})
		case json.Delim('['):
			open = append(open, nil)
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		key = len(open) > 0 && open[len(open)-1] != nil
	}
}
