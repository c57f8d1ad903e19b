package plain

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// stylePairs writes down what a style of queries, cookies and forms makes of a value.
func stylePairs(name, style string, explode bool, v any) ([]pair, error) {
	separator := map[string]string{form: ",", "spaceDelimited": " ", "pipeDelimited": "|"}[style]
	if style == deepObject {
		return deep(name, v)
	}
	switch value := v.(type) {
	case []any:
		if slices.ContainsFunc(value, func(v any) bool { _, ok := v.(Node); return ok }) {
			return deep(name, v)
		}
		texts, err := plainTexts(value)
		if err != nil {
			return nil, err
		}
		if !explode {
			return []pair{{key: name, value: strings.Join(texts, separator)}}, nil
		}
		var all []pair
		for _, t := range texts {
			all = append(all, pair{key: name, value: t})
		}
		return all, nil
	case Node:
		if explode {
			return apart(value)
		}
		texts, err := joined(value)
		return []pair{{key: name, value: strings.Join(texts, separator), separator: separator}}, err
	}
	t, err := plainText(v)
	return []pair{{key: name, value: t}}, err
}

// apart makes a pair of every member, under its own name.
func apart(n Node) ([]pair, error) {
	var all []pair
	for _, key := range slices.Sorted(maps.Keys(n)) {
		more, err := deep(key, n[key])
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// joined lists names and values in turn.
func joined(n Node) ([]string, error) {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(n)) {
		t, err := plainText(n[key])
		if err != nil {
			return nil, err
		}
		all = append(all, key, t)
	}
	return all, nil
}

// simple is style simple: elements, or names and values, behind commas.
func simple(v any, explode bool) (string, error) {
	var texts []string
	var err error
	switch value := v.(type) {
	case []any:
		texts, err = plainTexts(value)
	case Node:
		texts, err = joined(value)
		if explode {
			texts = couples(strings.Join(texts, ","), ",")
		}
	default:
		return plainText(v)
	}
	return strings.Join(texts, ","), err
}

// pathText is the text of a path parameter, with what its style puts around it.
func pathText(v Value) (string, error) {
	_, list := v.JSON.([]any)
	members, isObject := v.JSON.(Node)
	switch p := v.Param; {
	case p.JSON && (list || isObject):
		b, err := json.Marshal(v.JSON)
		return string(b), err
	case p.Style == "label" && p.Explode:
		text, err := simple(v.JSON, true)
		return "." + strings.ReplaceAll(text, ",", "."), err
	case p.Style == "label":
		text, err := simple(v.JSON, false)
		return "." + text, err
	case p.Style == "matrix" && p.Explode && list:
		text, err := simple(v.JSON, true)
		return ";" + p.Name + "=" + strings.ReplaceAll(text, ",", ";"+p.Name+"="), err
	case p.Style == "matrix" && p.Explode && isObject:
		text, err := simple(members, true)
		return ";" + strings.ReplaceAll(text, ",", ";"), err
	case p.Style == "matrix":
		text, err := simple(v.JSON, false)
		return ";" + p.Name + "=" + text, err
	default:
		return simple(v.JSON, p.Explode)
	}
}

// headerFits tells whether a header holds a value.
func headerFits(v Value, got string) (string, bool, error) {
	if v.Param.JSON {
		tree, err := decode([]byte(got))
		if err != nil {
			return "JSON", false, nil //nolint:nilerr // what is no JSON does not fit, which is no fault of the judge
		}
		d := Differ(v.JSON, tree)
		return "JSON " + d, d == "", nil
	}
	want, err := simple(v.JSON, v.Param.Explode)
	if n, ok := v.JSON.(Node); ok && !v.Param.Explode && len(n) > 0 {
		return want, pair{value: want, separator: ","}.matches(got), err
	}
	return want, want == got, err
}

// cookies judges the Cookie header, which holds one pair or several for each
// cookie parameter.
func (j *judge) cookies(want Expect, header http.Header) {
	var left []pair
	if text := header.Get("Cookie"); text != "" {
		parsed, err := http.ParseCookie(text)
		if err != nil {
			j.faultf("cookie", "", "%v", err)
			return
		}
		for _, c := range parsed {
			value, err := url.PathUnescape(c.Value)
			if err != nil {
				j.faultf("cookie", c.Name, "%v", err)
			}
			left = append(left, pair{key: c.Name, value: value})
		}
	}
	for _, v := range want.Values {
		if v.Param.In != "cookie" {
			continue
		}
		expected, err := queryPairs(v)
		if err != nil {
			j.faultf("cookie", v.Param.Name, "%v", err)
			continue
		}
		left = j.take("cookie", v.Param.Name, expected, left)
		j.found.Params++
	}
	for _, p := range left {
		j.faultf("cookie", p.key, "was not asked for")
	}
	header.Del("Cookie")
}
