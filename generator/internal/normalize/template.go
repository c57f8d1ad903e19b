package normalize

import (
	"fmt"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
)

// template is the path as it is sent. Two things stand in the paths of documents
// that no path has:
//
// A fragment ("/files/{id}#add_link", or every operation of a query protocol under
// "/#Action=…") tells operations of one path and method apart. HTTP never sends it.
//
// A query ("/alerts?lat={lat}&lon={lon}") tells them apart, too; its variables are
// query parameters, wherever they are declared. A pair without a variable stays.
func (n *normalizer) template(path string, found map[string]tree, order *[]string, at place) string {
	if before, fragment, ok := strings.Cut(path, "#"); ok && !strings.ContainsAny(fragment, "/{") {
		n.report(diag.Note, at.pointer, "path-fragment", fmt.Sprintf("%q in the path tells operations apart; it is not sent", "#"+fragment), "")
		path = before
	}
	path, query, ok := strings.Cut(path, "?")
	if !ok {
		return path
	}
	var fixed []string
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		variables := Variables(pair)
		switch {
		case pair == "":
		case len(variables) == 0:
			fixed = append(fixed, pair)
		case len(variables) == 1 && value == "{"+variables[0]+"}":
			n.inQuery(name, variables[0], found, order, at)
		default:
			n.assume(at.pointer, "query-in-path", fmt.Sprintf("%q in the path's query is no parameter with a value; it is left out", pair))
			for _, v := range variables {
				drop("path "+v, found, order)
			}
		}
	}
	if len(fixed) > 0 {
		path += "?" + strings.Join(fixed, "&")
	}
	return path
}

// inQuery makes the variable of a path's query the query parameter that it is.
func (n *normalizer) inQuery(name, variable string, found map[string]tree, order *[]string, at place) {
	key := "query " + name
	if found[key] != nil {
		return
	}
	n.report(diag.Note, at.pointer, "query-in-path", fmt.Sprintf("%q stands in the path's query; it is the query parameter %q", "{"+variable+"}", name), "")
	declared := found["path "+variable]
	if declared == nil {
		found[key] = tree{"name": name, "in": "query", "schema": tree{"type": "string"}}
		*order = append(*order, key)
		return
	}
	p := without(declared, "style", "explode", SegmentsKey)
	p["name"], p["in"] = name, "query"
	found[key] = p
	(*order)[slices.Index(*order, "path "+variable)] = key
	delete(found, "path "+variable)
}

func drop(key string, found map[string]tree, order *[]string) {
	delete(found, key)
	*order = slices.DeleteFunc(*order, func(k string) bool { return k == key })
}
