package policy

import (
	"errors"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// Names that stand for what providers spell differently.
const (
	paramRecipients = "recipients"
	paramEventTime  = "event_time"
)

// Request is a call to a provider as the vault sees it before it is sent.
type Request struct {
	Provider    string
	Operation   string
	Families    []rule.Family
	Path        map[string]string // path parameters, decoded
	Query       url.Values
	ContentType string // of Body
	Body        []byte // nil = none
}

// Explain reads a request's parameters. A body that it cannot read makes every
// parameter unreadable: what a rule asks for could be in it.
func Explain(r *Request) *Content {
	x := &explained{path: r.Path, query: r.Query}
	x.readBody(r.ContentType, r.Body)
	return &Content{Provider: r.Provider, Operation: r.Operation, Families: r.Families, Param: x.param}
}

type explained struct {
	path  map[string]string
	query url.Values
	form  url.Values
	json  any
	mail  []byte // a whole mail as the body
	dark  bool   // the body cannot be read
}

func (x *explained) readBody(contentType string, body []byte) {
	if len(body) == 0 {
		return
	}
	media, _, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil:
		x.dark = true
	case media == "application/json" || strings.HasSuffix(media, "+json"):
		// A member that comes twice is read differently by different parsers.
		x.dark = json.Unmarshal(body, &x.json, jsontext.AllowDuplicateNames(false), numbersAsText()) != nil
	case media == "application/x-www-form-urlencoded":
		x.form, err = url.ParseQuery(string(body))
		x.dark = err != nil
	case media == "message/rfc822":
		x.mail = body
	default:
		x.dark = true
	}
}

// numbersAsText keeps numbers as they are written: a float would round IDs.
func numbersAsText() json.Options {
	return json.WithUnmarshalers(json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *any) error {
		if dec.PeekKind() != '0' {
			return errors.ErrUnsupported
		}
		raw, err := dec.ReadValue()
		*v = number(raw.Clone())
		return err
	}))
}

type number string

func (x *explained) param(name string) Value {
	if x.dark {
		return Value{Unreadable: true}
	}
	v := x.named(name)
	if v.Unreadable || len(v.Items) > 0 {
		return v
	}
	switch name {
	case paramRecipients:
		return x.recipients()
	case paramEventTime:
		return x.eventTime()
	}
	return v
}

// named collects a parameter from every place that has it: which of them the
// provider takes is not known here.
func (x *explained) named(name string) Value {
	var v Value
	if s, ok := x.path[name]; ok {
		v.Items = append(v.Items, s)
	}
	for _, values := range []url.Values{x.query, x.form} {
		for key, list := range values {
			if key == name || bracketed(key) == name {
				v.Items = append(v.Items, list...)
			}
		}
	}
	slices.Sort(v.Items)
	if found, ok := lookup(x.json, name); ok {
		v.add(found)
	}
	return v
}

// bracketed returns the dotted spelling of a form name: "a[b][]" is "a.b".
func bracketed(key string) string {
	head, rest, ok := strings.Cut(key, "[")
	if !ok {
		return key
	}
	names := []string{head}
	for part := range strings.SplitSeq(strings.TrimSuffix(rest, "]"), "][") {
		if _, err := strconv.Atoi(part); part != "" && err != nil {
			names = append(names, part)
		}
	}
	return strings.Join(names, ".")
}

// lookup follows a dotted path; arrays on the way stand for all their members. A
// member whose own name has dots comes first.
func lookup(v any, path string) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		if found, ok := v[path]; ok {
			return found, true
		}
		for i := range len(path) {
			if path[i] != '.' {
				continue
			}
			if inner, ok := v[path[:i]]; ok {
				if found, ok := lookup(inner, path[i+1:]); ok {
					return found, true
				}
			}
		}
	case []any:
		var all []any
		for _, item := range v {
			if found, ok := lookup(item, path); ok {
				all = append(all, found)
			}
		}
		return all, len(all) > 0
	}
	return nil, false
}

// add puts the scalars of a JSON value into the set. An object has no text to
// compare.
func (v *Value) add(x any) {
	switch x := x.(type) {
	case nil:
	case string:
		v.Items = append(v.Items, x)
	case number:
		v.Items = append(v.Items, string(x))
	case bool:
		v.Items = append(v.Items, strconv.FormatBool(x))
	case []any:
		for _, item := range x {
			v.add(item)
		}
	default:
		v.Unreadable = true
	}
}
