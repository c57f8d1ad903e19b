package policy

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// RemoveMember takes a member out of a JSON value, by its dotted path, and
// through arrays on the way. Everything else stays as it was written, but for
// the order of the members of changed objects. A value without the member comes
// back as it is; ok is false when the value cannot be read.
func RemoveMember(v jsontext.Value, path string) (out jsontext.Value, ok bool) {
	switch v.Kind() {
	case '[':
		return removeFromList(v, path)
	case '{':
	default:
		return v, v.IsValid()
	}
	var members map[string]jsontext.Value
	if json.Unmarshal(v, &members) != nil {
		return nil, false
	}
	delete(members, path)
	for i := range len(path) {
		if path[i] != '.' {
			continue
		}
		if inner, has := members[path[:i]]; has {
			if members[path[:i]], ok = RemoveMember(inner, path[i+1:]); !ok {
				return nil, false
			}
		}
	}
	out, err := json.Marshal(members, json.Deterministic(true))
	return out, err == nil
}

func removeFromList(v jsontext.Value, path string) (jsontext.Value, bool) {
	var items []jsontext.Value
	if json.Unmarshal(v, &items) != nil {
		return nil, false
	}
	for i := range items {
		var ok bool
		if items[i], ok = RemoveMember(items[i], path); !ok {
			return nil, false
		}
	}
	out, err := json.Marshal(items)
	return out, err == nil
}
