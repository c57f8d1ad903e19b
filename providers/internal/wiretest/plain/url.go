package plain

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// path walks the template and the request's path side by side.
func (j *judge) path(want Expect, got string) {
	rest := strings.Split(got, "/")
	for part := range strings.SplitSeq(want.Operation.Sent(), "/") {
		text, params, count, err := fill(part, want.Values)
		switch {
		case err != nil:
			j.faultf("path", part, "%v", err)
			return
		case len(rest) < count:
			j.faultf("path", part, "the path is too short")
			return
		case !j.piece(rest[:count], part, text, params):
			return
		}
		rest = rest[count:]
	}
	if len(rest) > 0 {
		j.faultf("path", "", "has %d segments more than the template", len(rest))
	}
}

// piece compares raw segments with the text that they must decode to. Literal
// segments are compared as they are.
func (j *judge) piece(raw []string, part, want string, params int) bool {
	decoded := slices.Clone(raw)
	for i, segment := range raw {
		if params == 0 {
			break
		}
		s, err := url.PathUnescape(segment)
		if err != nil {
			j.faultf("path", part, "%v", err)
			return false
		}
		decoded[i] = s
	}
	if s := strings.Join(decoded, "/"); s != want {
		j.faultf("path", part, "is %q, not %q", s, want)
		return false
	}
	j.found.Params += params
	return true
}

// fill puts the values into a template segment such as "{base}...{head}" and
// counts the placeholders and the segments that the result spans.
func fill(segment string, values []Value) (text string, params, count int, err error) {
	count = 1
	for {
		before, rest, ok := strings.Cut(segment, "{")
		text += before
		if !ok {
			return text, params, count, nil
		}
		var name string
		name, segment, _ = strings.Cut(rest, "}")
		value, slashes, err := pathValue(values, name)
		if err != nil {
			return "", 0, 0, fmt.Errorf("%s: %w", name, err)
		}
		text += value
		count += slashes
		params++
	}
}

// pathValue gives the text of a path parameter and the slashes that it keeps.
func pathValue(values []Value, name string) (string, int, error) {
	for _, v := range values {
		if v.Param.In != Path || v.Param.Name != name {
			continue
		}
		text, err := pathText(v)
		if err != nil || !v.Param.Segments {
			return text, 0, err
		}
		return text, strings.Count(text, "/"), nil
	}
	return "", 0, errors.New("no value was given")
}

// pair is a name and a value of a query, a form or cookies.
type pair struct {
	key, value string
	// separator is set where value joins the members of an object, whose order is
	// nobody's business.
	separator string
}

func (p pair) matches(got string) bool {
	if p.separator == "" {
		return p.value == got
	}
	return slices.Equal(couples(p.value, p.separator), couples(got, p.separator))
}

// couples sorts the names and values of a joined object.
func couples(text, separator string) []string {
	var all []string
	for two := range slices.Chunk(strings.Split(text, separator), 2) {
		all = append(all, strings.Join(two, "="))
	}
	slices.Sort(all)
	return all
}

// pairs decodes a query string or a form, in order.
func pairs(s string) ([]pair, error) {
	var all []pair
	if s == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(s, "&") {
		key, value, _ := strings.Cut(part, "=")
		k, err := url.QueryUnescape(key)
		if err != nil {
			return nil, err
		}
		v, err := url.QueryUnescape(value)
		if err != nil {
			return nil, err
		}
		all = append(all, pair{key: k, value: v})
	}
	return all, nil
}

func (j *judge) query(want Expect, got string) {
	left, err := pairs(got)
	if err != nil {
		j.faultf("query", "", "%v", err)
		return
	}
	for _, v := range want.Values {
		if v.Param.In != "query" {
			continue
		}
		if v.Param.JSON {
			left = j.jsonPair(v, left)
			continue
		}
		expected, err := queryPairs(v)
		if err != nil {
			j.faultf("query", v.Param.Name, "%v", err)
			continue
		}
		if left = j.take("query", v.Param.Name, expected, left); len(expected) > 0 {
			j.found.Params++
		}
	}
	for _, v := range want.Injected {
		at := slices.IndexFunc(left, func(p pair) bool { return p.key == v.Param.Name && p.value == v.JSON })
		if at < 0 {
			j.faultf("query", v.Param.Name, "is missing or not the credential")
			continue
		}
		left = slices.Delete(left, at, at+1)
	}
	for _, p := range left {
		j.faultf("query", p.key, "was not asked for")
	}
}

func (j *judge) jsonPair(v Value, left []pair) []pair {
	at := slices.IndexFunc(left, func(p pair) bool { return p.key == v.Param.Name })
	if at < 0 {
		j.faultf("query", v.Param.Name, "is missing")
		return left
	}
	got, err := decode([]byte(left[at].value))
	if err != nil {
		j.faultf("query", v.Param.Name, "is no JSON: %v", err)
	} else if d := Differ(v.JSON, got); d != "" {
		j.faultf("query", v.Param.Name, "%s", d)
	} else {
		j.found.Params++
	}
	return slices.Delete(left, at, at+1)
}

// take removes the expected pairs from left: those of one key must be in
// order.
func (j *judge) take(place, name string, expected, left []pair) []pair {
	for _, e := range expected {
		at := slices.IndexFunc(left, func(p pair) bool { return p.key == e.key })
		switch {
		case at < 0:
			j.faultf(place, name, "%s is missing", e.key)
			continue
		case !e.matches(left[at].value):
			j.faultf(place, name, "%s is %q, not %q", e.key, left[at].value, e.value)
		}
		left = slices.Delete(slices.Clone(left), at, at+1)
	}
	return left
}

// queryPairs writes down what a parameter's style makes of its value.
func queryPairs(v Value) ([]pair, error) {
	return stylePairs(v.Param.Name, v.Param.Style, v.Param.Explode, v.JSON)
}

// deep names nested values name[key], and items name[0].
func deep(name string, v any) ([]pair, error) {
	var all []pair
	add := func(key string, v any) error {
		more, err := deep(name+"["+key+"]", v)
		all = append(all, more...)
		return err
	}
	switch x := v.(type) {
	case Node:
		for key, member := range x {
			if err := add(key, member); err != nil {
				return nil, err
			}
		}
		return all, nil
	case []any:
		for i, item := range x {
			if err := add(strconv.Itoa(i), item); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	t, err := plainText(v)
	return []pair{{key: name, value: t}}, err
}

func plainTexts(values []any) ([]string, error) {
	var all []string
	for _, v := range values {
		t, err := plainText(v)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// plainText is the text of a scalar outside JSON. Numbers have no exponent.
func plainText(v any) (string, error) {
	switch x := v.(type) {
	case string:
		return x, nil
	case bool:
		return strconv.FormatBool(x), nil
	case json.Number:
		return x.String(), nil
	}
	return "", fmt.Errorf("%s has no plain text form", kind(v))
}
