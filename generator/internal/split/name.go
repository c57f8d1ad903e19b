package split

import (
	"cmp"
	"fmt"
	"go/token"
	"go/types"
	"strconv"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/model"
)

// packageName makes a package's name from a word of the document. A name that Go,
// a file system or emitted code needs otherwise gets a suffix.
func packageName(word, suffix string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		default:
			return -1
		}
	}, word)
	switch {
	case name == "":
		return "unnamed" + suffix
	case name[0] <= '9':
		return "n" + name
	case token.IsKeyword(name), types.Universe.Lookup(name) != nil, awkward[name]:
		return name + suffix
	default:
		return name
	}
}

// awkward names mean something to the go command, to Windows, or in emitted code.
var awkward = map[string]bool{
	"internal": true, "vendor": true, "testdata": true, "main": true, "cmd": true,
	"con": true, "prn": true, "aux": true, "nul": true,
	"api": true, "context": true, "http": true, "io": true, "iter": true, "json": true, "time": true,
	"provider": true, "body": true, "params": true, "opts": true, "out": true, "err": true, "ctx": true, "s": true, "c": true,
}

// baptize names the new packages of types, each after the component that holds most
// of it.
func (s *splitter) baptize() {
	for _, c := range s.types {
		if c.name != "" {
			continue
		}
		head := biggest(c)
		word := head.Key[strings.LastIndexByte(head.Key, '.')+1:]
		if isInline(head) {
			word = "shared"
		}
		name := cmp.Or(s.opts.Names[head.Key], packageName(word, "types"))
		if s.taken[name] {
			name += "types"
		}
		for i := 2; s.taken[name]; i++ {
			next := strings.TrimRight(name, "0123456789") + strconv.Itoa(i)
			if !s.taken[next] {
				s.warn("", "numbered-name", fmt.Sprintf("two packages are called %s; one becomes %s", name, next), "name it under packages.names in provider.yaml, by "+head.Key)
			}
			name = next
		}
		c.name, s.taken[name] = name, true
	}
}

func isInline(t *model.Type) bool { return strings.HasPrefix(t.Key, "inline.") }

func cutPrefix(path string) (name string, ok bool) { return strings.CutPrefix(path, shared) }
