package lower

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/model"
	"github.com/grantwire/grantwire/generator/internal/normalize"
)

// segments gives the first segment of a path that says something and those after
// it, variables left out.
func segments(path string) (resource string, rest []string) {
	first := pathGroup(path)
	for seg := range strings.SplitSeq(path, "/") {
		switch {
		case seg == "" || strings.HasPrefix(seg, "{"):
		case seg == first && resource == "":
			resource = bare(seg)
		case resource != "":
			rest = append(rest, seg)
		}
	}
	return cmp.Or(resource, "default"), rest
}

// bare is a segment without a dotted prefix and without the arguments of a call.
func bare(seg string) string {
	seg, _, _ = strings.Cut(seg, "(")
	return seg[strings.LastIndexByte(seg, '.')+1:]
}

// byPath groups an operation by the segment after the resource, where that one is
// plain: a word with a sign in it is a call or an option on the resource itself.
func byPath(op *model.Operation) (group, method string) {
	resource, rest := segments(op.Path)
	group = resource
	if len(rest) > 0 && !strings.ContainsAny(rest[0], ".($") {
		group, rest = rest[0], rest[1:]
	}
	id := hashed.ReplaceAllString(op.ID, "")
	words := strings.FieldsFunc(id, func(r rune) bool { return r == '.' || r == '/' })
	switch {
	case len(words) > 1 && strings.EqualFold(words[0], resource):
		return group, strings.Join(ownWords(words[1:], resource, group), ".")
	case id != op.ID || strings.ContainsAny(op.ID, " {"): // an ID that only tells operations apart
		said := []string{strings.ToLower(op.Method)}
		for _, seg := range rest {
			said = append(said, bare(seg))
		}
		return group, strings.Join(said, " ")
	default:
		return group, op.ID
	}
}

// hashed is the end of an ID that was made unique by a piece of a hash.
var hashed = regexp.MustCompile(`-[0-9a-f]{4}$`)

// ownWords leaves out the words of an ID that lead to the group.
func ownWords(words []string, resource, group string) []string {
	at := slices.IndexFunc(words, func(w string) bool { return strings.EqualFold(w, group) })
	switch {
	case group != resource && at >= 0 && at < len(words)-1:
		return words[at+1:]
	case len(words) > 1 && strings.EqualFold(words[0], normalize.Singular(resource)):
		return words[1:]
	default:
		return words
	}
}
