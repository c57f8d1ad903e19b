package names

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/model"
	"github.com/grantwire/grantwire/generator/internal/normalize"
)

// routeNames are names for a method made from its route alone, the shortest first:
// GET /boards/{board}/cards is ListCards in the group of boards, ListForBoard in
// the group of cards, and ListBoardCards elsewhere.
func (a *assigner) routeNames(op *model.Operation) []string {
	path, fragment, _ := strings.Cut(op.Path, "#")
	if fragment != "" { // a route told from its twin by a word: /files/{file_id}#add_shared_link
		return []string{a.spell.Exported(fragment)}
	}
	r := readRoute(path)
	if len(r.owners) == 0 && r.noun == "" {
		return nil
	}
	p := a.phrase(op, r)
	short := p.name(a, false)
	names := []string{short}
	if r.item {
		names = append(names, short+a.spell.Exported(r.variable))
	}
	return append(names, p.name(a, true))
}

// route is a path without what says nothing: versions, and "actions" before one.
type route struct {
	owners   []segment // what stands before the noun
	noun     string    // the last literal segment
	item     bool      // the path ends with a variable
	variable string    // the last one
}

// segment is a literal part of a path. Many things of its kind are told apart by
// the variable that follows; without one it only sorts what comes after it.
type segment struct {
	word string
	many bool
}

var versionSegment = regexp.MustCompile(`^(?i:v?[0-9]+(\.[0-9]+)*|[0-9]{4}-[0-9]{2}-[0-9]{2}|api)$`)

func readRoute(path string) route {
	var r route
	var literals []segment
	segments := strings.Split(strings.Trim(path, "/"), "/")
	for i, seg := range segments {
		word, variable, isVariable := strings.Cut(strings.TrimSuffix(seg, ".json"), "{")
		word = strings.Trim(word, ".-_:")
		last := i == len(segments)-1
		switch {
		case word == "" && isVariable:
			r.item, r.variable = true, strings.TrimRight(variable, "}")
			if n := len(literals); n > 0 {
				literals[n-1].many = true
			}
		case word == "", versionSegment.MatchString(word), word == "actions" && !last && !strings.HasPrefix(segments[i+1], "{"):
		default:
			literals, r.item = append(literals, segment{word: word}), false
		}
	}
	if n := len(literals); n > 0 {
		r.owners, r.noun = literals[:n-1], literals[n-1].word
	}
	return r
}

// phrase is what a method is called, in parts.
type phrase struct {
	verb   string
	owners []segment
	object string   // "" where the verb says it all
	more   string   // what follows the object
	group  []string // words that the group says already
	keep   bool     // the object is said although the group says it
}

func (a *assigner) phrase(op *model.Operation, r route) phrase {
	p := phrase{owners: r.owners, group: a.singulars(Words(a.stripped(op.Group.Key)))}
	one := a.singular(r.noun)
	many := one != r.noun && !r.item
	p.object = r.noun
	if r.item {
		p.object = one
	}
	if first, rest, ok := a.action(op, r); ok {
		p.verb, p.object, p.more = first, "", rest
		return p
	}
	switch op.Method {
	case http.MethodGet:
		p.verb = "get"
		if many {
			p.verb = "list"
		}
	case http.MethodPost:
		p.verb, p.object = "create", one
		if r.item {
			p.verb = "update"
		}
	case http.MethodPut:
		p.verb, p.keep = "update", many
		if a.routes[http.MethodPatch+" "+op.Path] {
			p.verb = "set"
		}
	case http.MethodPatch:
		p.verb, p.keep = "update", many
	default:
		p.verb, p.keep = strings.ToLower(op.Method), many
	}
	return p
}

// actions are words that a path begins its last segment with where that names what
// to do, not a thing.
var actions = set(
	"accept", "activate", "add", "apply", "approve", "archive", "assign", "associate", "attach", "calculate", "cancel", "check",
	"clear", "clone", "close", "commit", "complete", "convert", "copy", "deactivate", "decline", "delete", "detach", "disable",
	"duplicate", "enable", "fork", "generate", "invite", "join", "leave", "link", "lock", "mark", "merge", "move", "mute",
	"pause", "ping", "publish", "purge", "redeem", "refresh", "reject", "remove", "rename", "replicate", "request", "resend", "reset",
	"restart", "restore", "resume", "retry", "revoke", "rotate", "run", "schedule", "search", "send", "start", "stop",
	"subscribe", "sync", "terminate", "test", "transfer", "trigger", "unarchive", "unlink", "unlock", "unpublish",
	"unschedule", "unsubscribe", "validate", "verify",
)

// action splits a last segment that says what to do: POST /files/{id}/copy, which
// nobody can GET.
func (a *assigner) action(op *model.Operation, r route) (verb, rest string, ok bool) {
	words := Words(r.noun)
	if r.item || len(words) == 0 || !actions[strings.ToLower(words[0])] {
		return "", "", false
	}
	isSearch := op.Method == http.MethodGet && strings.EqualFold(words[0], "search")
	if op.Method != http.MethodPost && !isSearch || !isSearch && a.routes[http.MethodGet+" "+op.Path] {
		return "", "", false
	}
	return words[0], strings.Join(words[1:], " "), true
}

// name puts the parts together and leaves out what the group says, and, unless
// full, the segments that only sort. Where the object is the group's own word, its
// owners follow: ListForBoard.
func (p phrase) name(a *assigner, full bool) string {
	var said []string
	for _, o := range p.owners {
		if (full || o.many) && (full || !a.within(o.word, p.group)) {
			said = append(said, a.singular(o.word))
		}
	}
	verb := a.spell.Exported(p.verb)
	switch {
	case p.object == "":
		if a.within(p.more, p.group) {
			return verb + a.words(said...)
		}
		return verb + a.words(append(said, p.more)...)
	case full || p.keep || !a.within(p.object, p.group):
		return verb + a.words(append(said, p.object)...)
	case len(said) > 0:
		return verb + "For" + a.words(said...)
	}
	return verb
}

func (a *assigner) words(texts ...string) string {
	var b strings.Builder
	for _, t := range texts {
		b.WriteString(a.spell.Exported(t))
	}
	return b.String()
}

// singular leaves words alone that Go writes in capitals: DNS is no plural.
func (a *assigner) singular(word string) string {
	if initialisms[strings.ToLower(word)] {
		return word
	}
	return normalize.Singular(word)
}

func (a *assigner) singulars(words []string) []string {
	out := make([]string, 0, len(words))
	for _, w := range words {
		out = append(out, strings.ToLower(a.singular(w)))
	}
	return out
}

// within says whether each word of a text is one of the group's.
func (a *assigner) within(text string, group []string) bool {
	return !slices.ContainsFunc(a.singulars(Words(text)), func(w string) bool { return !slices.Contains(group, w) })
}
