package plain

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"slices"
	"strings"
)

// File is the value of a member of a multipart body that is a file.
type File struct {
	Name, Type string
	Content    []byte
}

// encoding is what the operation says of the members of its body.
func (op *Operation) encoding(media string) Node {
	if op.Body == nil {
		return nil
	}
	return op.Body.Encoding[media]
}

// part is one part of a multipart body. JSON is set where the content is compared as
// a tree.
type part struct {
	name, file, media string
	content           []byte
	json              any
}

// multipart expects a part for every member: text, a file, or JSON.
func (j *judge) multipart(want Expect, got Captured) {
	left, err := readParts(got)
	if err != nil {
		j.faultf("body", "", "%v", err)
		return
	}
	members := object(want.Body)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		expected, err := partsOf(name, members[name], object(want.Operation.encoding(want.Media)[name]))
		if err != nil {
			j.faultf("body", name, "%v", err)
			continue
		}
		for _, e := range expected {
			at := slices.IndexFunc(left, func(p part) bool { return p.name == e.name })
			if at < 0 {
				j.faultf("body", e.name, "is missing")
				continue
			}
			j.part(e, left[at])
			left = slices.Delete(left, at, at+1)
		}
	}
	for _, p := range left {
		j.faultf("body", p.name, "was not asked for")
	}
}

func (j *judge) part(want, got part) {
	if want.media != got.media {
		j.faultf("body", want.name, "is %q, not %q", got.media, want.media)
	}
	if want.file != got.file {
		j.faultf("body", want.name, "is the file %q, not %q", got.file, want.file)
	}
	if want.json == nil {
		if !bytes.Equal(want.content, got.content) {
			j.faultf("body", want.name, "is %q, not %q", got.content, want.content)
			return
		}
	} else if tree, err := decode(got.content); err != nil {
		j.faultf("body", want.name, "is no JSON: %v", err)
		return
	} else if d := Differ(want.json, tree); d != "" {
		j.faultf("body", want.name, "%s", d)
		return
	}
	j.found.Members++
}

func readParts(got Captured) ([]part, error) {
	_, params, err := mime.ParseMediaType(got.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	r := multipart.NewReader(bytes.NewReader(got.Body), params["boundary"])
	var all []part
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return nil, err
		}
		all = append(all, part{name: p.FormName(), file: p.FileName(), media: p.Header.Get("Content-Type"), content: content})
	}
}

// partsOf writes down the parts of one member.
func partsOf(name string, v any, enc Node) ([]part, error) {
	media := text(enc["contentType"])
	if strings.ContainsAny(media, "*,") {
		media = "" // the caller's choice
	}
	if style := text(enc["style"]); style != "" {
		pairs, err := formPairs(name, v, enc)
		var all []part
		for _, p := range pairs {
			all = append(all, part{name: p.key, content: []byte(p.value)})
		}
		return all, err
	}
	switch value := v.(type) {
	case []any:
		var all []part
		for _, item := range value {
			more, err := partsOf(name, item, enc)
			if err != nil {
				return nil, err
			}
			all = append(all, more...)
		}
		return all, nil
	case Node:
		return []part{{name: name, media: cmp.Or(media, "application/json"), json: value}}, nil
	case File:
		return []part{{name: name, file: cmp.Or(value.Name, name), media: cmp.Or(value.Type, media, "application/octet-stream"), content: value.Content}}, nil
	}
	if IsJSON(media) {
		return []part{{name: name, media: media, json: v}}, nil
	}
	t, err := plainText(v)
	return []part{{name: name, media: media, content: []byte(t)}}, err
}
