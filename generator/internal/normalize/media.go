package normalize

import (
	"fmt"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
)

// mediaOrder is the order in which a body's media type is chosen.
var mediaOrder = []func(string) bool{
	func(m string) bool { return base(m) == "application/json" },
	IsJSON,
	func(m string) bool { return base(m) == "multipart/form-data" },
	func(m string) bool { return base(m) == "application/x-www-form-urlencoded" },
	func(m string) bool { return base(m) == "text/plain" },
	func(m string) bool { return strings.HasPrefix(m, "text/") && !IsEventStream(m) },
	func(m string) bool { return !IsEventStream(m) },
	func(string) bool { return true },
}

func base(media string) string {
	media, _, _ = strings.Cut(media, ";")
	return strings.ToLower(strings.TrimSpace(media))
}

// IsJSON says whether a media type is JSON or a structured suffix of it.
func IsJSON(media string) bool {
	media = base(media)
	return media == "application/json" || strings.HasSuffix(media, "+json") || media == "text/json"
}

// IsEventStream recognises what never ends, so that nobody waits for its end.
func IsEventStream(media string) bool { return base(media) == "text/event-stream" }

// isStream recognises the media types that hold one item after another.
func isStream(media string) bool {
	switch base(media) {
	case "text/event-stream", "application/jsonl", "application/x-jsonl", "application/ndjson", "application/x-ndjson", "application/jsonlines",
		"application/x-json-stream", "application/json-seq", "multipart/mixed":
		return true
	}
	return strings.HasSuffix(base(media), "+json-seq")
}

// streamItems defines what the streams among an answer's media types consist of: an
// itemSchema of OpenAPI 3.2, or the schema that earlier documents give them. Who
// reads the bytes decodes them with that type.
func (n *normalizer) streamItems(content tree, at place) []any {
	var out []any
	for _, media := range sortedKeys(content) {
		entry := object(content, media)
		word := "itemSchema"
		if entry[word] == nil && isStream(media) {
			word = "schema"
		}
		if entry[word] == nil || word == "schema" && kind(n.peek(orEmpty(entry[word]), at)) == "array" {
			continue
		}
		where := child(at.pointer, "content", media, word)
		item := n.use(entry[word], at.same(where).down("item"))
		if _, named := item["$ref"].(string); !named {
			continue
		}
		n.report(diag.Note, where, "stream-items", media+" is a stream; the call returns its bytes, and its items have a type", "")
		out = append(out, tree{"media": media, "schema": item})
	}
	return out
}

// chooseMedia picks the media type that the client speaks: the one that the
// document has, and what it is read as.
func (n *normalizer) chooseMedia(content tree, at place, answer bool) (media, as string) {
	keys := sortedKeys(content)
	read := make([]string, len(keys))
	for i, key := range keys {
		read[i] = n.readRange(key, object(content, key)["schema"], at, answer)
	}
	for _, match := range mediaOrder {
		i := pick(keys, read, match)
		if i >= 0 {
			if read[i] != keys[i] {
				n.report(diag.Note, child(at.pointer, "content", keys[i]), "media-range",
					fmt.Sprintf("the media range %q with this schema is read as %q", keys[i], read[i]), "name the media type")
			}
			return keys[i], read[i]
		}
	}
	return "", ""
}

// pick finds the media type that matches, a name before a range that is read as one.
func pick(keys, read []string, match func(string) bool) int {
	for _, named := range []bool{true, false} {
		for i, as := range read {
			if as != "" && (as == keys[i]) == named && match(as) {
				return i
			}
		}
	}
	return -1
}

// readRange reads a media range by its schema, as frameworks that write "*/*" (or
// nothing) for every answer (springdoc) mean it: what has members is JSON, plain text is text.
func (n *normalizer) readRange(media string, schema any, at place, answer bool) string {
	m, ok := schema.(tree)
	if b := base(media); !ok || b != "*/*" && b != "application/*" && b != "*" && b != "" {
		return media
	}
	s := n.peek(m, at)
	switch kind(s) {
	case "":
		return media
	case "string":
		switch f := text(s, "format"); {
		case f == "binary" || f == "byte" || base(media) == "application/*":
			return media
		case answer:
			return "text/*"
		}
		return "text/plain"
	case "struct":
		if !answer && !n.describes(m, at) {
			return "multipart/form-data" // a member holds bytes
		}
	}
	return "application/json"
}
