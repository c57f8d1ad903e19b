package api

import "strings"

// nextLink returns the target with rel="next" of Link headers, "" = none.
func nextLink(headers []string) string {
	for _, h := range headers {
		for h != "" {
			var target, params string
			target, params, h = cutLink(h)
			if hasRelation(params, "next") {
				return target
			}
		}
	}
	return ""
}

// hasRelations reports whether Link headers speak of pages at all; a header
// without "next" then means that this is the last one.
func hasRelations(headers []string) bool {
	for _, h := range headers {
		for h != "" {
			var params string
			_, params, h = cutLink(h)
			for _, rel := range []string{"prev", "first", "last"} {
				if hasRelation(params, rel) {
					return true
				}
			}
		}
	}
	return false
}

// cutLink takes the first link off a header value: <target>; params, rest. A
// comma inside the target or a quoted parameter ends nothing.
func cutLink(h string) (target, params, rest string) {
	_, h, ok := strings.Cut(h, "<")
	if !ok {
		return "", "", ""
	}
	target, h, ok = strings.Cut(h, ">")
	if !ok {
		return "", "", ""
	}
	quoted := false
	for i := range len(h) {
		switch {
		case h[i] == '"':
			quoted = !quoted
		case h[i] == ',' && !quoted:
			return strings.TrimSpace(target), h[:i], h[i+1:]
		}
	}
	return strings.TrimSpace(target), h, ""
}

// hasRelation looks for a word in the rel parameter, which may hold several.
func hasRelation(params, relation string) bool {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(param, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "rel") {
			continue
		}
		for word := range strings.FieldsSeq(strings.Trim(strings.TrimSpace(value), `"`)) {
			if strings.EqualFold(word, relation) {
				return true
			}
		}
	}
	return false
}
