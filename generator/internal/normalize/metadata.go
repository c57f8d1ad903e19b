package normalize

import (
	"fmt"
	"strings"
)

// metadata is the media type that a body is sent in. Converters of descriptions
// that know uploads list what may be uploaded (message/rfc822, video/mp4) where the
// call itself takes the object that describes the upload, such as the mail of
// gmail.users.messages.send. No picture and no stream of bytes is an object with
// members, so JSON is meant. The media type stays where an object may be built of
// bytes.
func (n *normalizer) metadata(content tree, media string, at place) string {
	held := ""
	for _, m := range sortedKeys(content) {
		switch {
		case IsJSON(m), base(m) == "multipart/form-data", base(m) == "application/x-www-form-urlencoded":
			return media
		case held == "" && holdsBytes(m) && n.describes(object(content, m)["schema"], at):
			held = m
		}
	}
	if held == "" {
		return media
	}
	n.assume(at.pointer, "body-of-metadata", fmt.Sprintf("an object can't be sent as %s; it is sent as JSON", held))
	return "application/json"
}

// holdsBytes says whether the media type is one that no object has.
func holdsBytes(media string) bool {
	family, _, _ := strings.Cut(base(media), "/")
	switch family {
	case "image", "video", "audio", "message":
		return true
	}
	return base(media) == "application/octet-stream"
}

// describes says whether a schema is an object with members and none of them bytes.
func (n *normalizer) describes(schema any, at place) bool {
	s := n.peek(orEmpty(schema), at)
	props := object(s, "properties")
	for _, p := range props {
		if text(n.peek(orEmpty(p), at), "format") == "binary" {
			return false
		}
	}
	return len(props) > 0
}

// wholeForm gives the file a part where a form is described as the file itself, as
// Jira's attachments are. "file" is what most APIs call it.
func (n *normalizer) wholeForm(schema any, media string, at place) any {
	s := n.peek(orEmpty(schema), at)
	if kind(s) == "array" {
		s = n.peek(object(s, "items"), at)
	}
	if base(media) != "multipart/form-data" || text(s, "format") != "binary" {
		return schema
	}
	n.assume(at.pointer, "form-without-part", "the form is described as a file; the file is sent as its part \"file\"")
	return tree{"type": "object", "required": []any{"file"}, "properties": tree{"file": schema}}
}
