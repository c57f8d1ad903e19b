package names

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// initialisms are words that Go writes in one case.
var initialisms = set(
	"acl", "api", "ascii", "cpu", "css", "dns", "eof", "gpg", "guid", "html", "http", "https", "id", "ip", "json",
	"jwt", "oauth", "os", "qps", "ram", "rpc", "sbom", "sdk", "sha", "sla", "smtp", "sql", "ssh", "sso", "tcp", "tls", "ttl",
	"udp", "ui", "uid", "uri", "url", "utf8", "uuid", "vm", "xml", "xsrf", "xss", "saml", "scim", "ai", "cve", "cwe",
	"ghsa", "epss", "oidc", "svn", "pdf", "csv", "dm", "cidr", "mfa", "totp", "pat",
)

// spelled are words whose Go form is neither of both.
var spelled = map[string]string{"ids": "IDs", "urls": "URLs", "apis": "APIs", "ips": "IPs", "oauth": "OAuth"}

// Speller turns text into Go identifiers.
type Speller struct {
	words map[string]string // lower-case word -> its Go form
}

// NewSpeller returns a speller that knows the field's initialisms and the words
// given, which stand in their Go form.
func NewSpeller(words ...string) *Speller {
	s := &Speller{words: map[string]string{}}
	for w := range initialisms {
		s.words[w] = strings.ToUpper(w)
	}
	maps.Copy(s.words, spelled)
	for _, w := range words {
		s.words[strings.ToLower(w)] = w
	}
	return s
}

func set(words ...string) map[string]bool {
	m := map[string]bool{}
	for _, w := range words {
		m[w] = true
	}
	return m
}

// symbols are characters that carry the meaning of a value when they stand first
// or alone.
var symbols = map[rune]string{'+': "Plus", '*': "Star", '<': "Less", '>': "Greater", '=': "Equal", '!': "Not", '%': "Percent", '&': "And", '#': "Hash", '$': "Dollar"}

// Words splits any text into words: at what is neither letter nor digit, and
// where the case says so.
func Words(s string) []string {
	var out []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			out = append(out, string(word))
			word = nil
		}
	}
	runes := []rune(s)
	for i, r := range runes {
		switch {
		case r == '-' && i == 0 && len(runes) > 1 && unicode.IsDigit(runes[1]):
			out = append(out, "Minus")
		case symbols[r] != "" && (i == 0 || len(runes) == 1 || r == '<' || r == '>' || r == '='):
			flush()
			out = append(out, symbols[r])
		case r > unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			// Identifiers stay in ASCII: not every tool reads others, and scripts
			// without capitals can't be exported.
			flush()
			out = append(out, fmt.Sprintf("U%04X", r))
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
		case unicode.IsUpper(r) && boundary(runes, i):
			flush()
			word = append(word, r)
		default:
			word = append(word, r)
		}
	}
	flush()
	return out
}

// boundary says whether a word begins at the upper-case letter at i: after a
// lower-case letter or digit, or before one at the end of a run of capitals, unless
// that one only says that there are several: APIs.
func boundary(runes []rune, i int) bool {
	if i == 0 {
		return false
	}
	before := runes[i-1]
	if unicode.IsLower(before) || unicode.IsDigit(before) {
		return true
	}
	if !unicode.IsUpper(before) || i+1 >= len(runes) || !unicode.IsLower(runes[i+1]) {
		return false
	}
	return runes[i+1] != 's' || i+2 < len(runes) && unicode.IsLetter(runes[i+2])
}

// Exported joins words to an exported Go identifier. Text without a letter or
// digit gives "".
func (s *Speller) Exported(texts ...string) string {
	var b strings.Builder
	for _, t := range texts {
		for _, w := range Words(t) {
			b.WriteString(s.capital(w))
		}
	}
	name := b.String()
	if name != "" && !unicode.IsLetter([]rune(name)[0]) {
		name = "N" + name
	}
	return name
}

func (s *Speller) capital(w string) string {
	lower := strings.ToLower(w)
	if form, ok := s.words[lower]; ok {
		return form
	}
	r := []rune(w)
	if allUpper(r) {
		r = []rune(lower)
	}
	r[0] = unicode.ToUpper(r[0])
	return string(r)
}

func allUpper(r []rune) bool {
	return len(r) > 1 && !slices.ContainsFunc(r, unicode.IsLower)
}

// reserved are names that an argument can't have in emitted code: Go's keywords,
// predeclared names that read badly when shadowed, and the emitter's own locals.
var reserved = map[string]string{
	"type": "typ", "range": "rng", "func": "fn", "interface": "iface", "package": "pkg", "default": "def", "map": "mapping",
	"break": "brk", "case": "cas", "chan": "channel", "const": "constant", "continue": "cont", "defer": "deferred",
	"else": "otherwise", "fallthrough": "fall", "for": "forValue", "go": "goValue", "goto": "gotoValue", "if": "ifValue",
	"import": "imported", "return": "ret", "select": "selected", "struct": "structure", "switch": "switched", "var": "variable",
	"ctx": "context", "s": "sValue", "c": "cValue", "params": "parameters", "body": "content", "opts": "options", "out": "output", "err": "errValue",
	"string": "str", "int64": "number", "bool": "boolean", "error": "errorName", "any": "anyValue", "nil": "none", "len": "length",
	"new": "newValue", "api": "apiName", "iter": "iterName", "context": "contextName", "io": "ioName", "append": "appended", "true": "yes", "false": "no",
}

// Unexported joins words to an argument name that is free to use in emitted code.
func (s *Speller) Unexported(texts ...string) string {
	var words []string
	for _, t := range texts {
		words = append(words, Words(t)...)
	}
	if len(words) == 0 {
		return "value"
	}
	var joined strings.Builder
	joined.WriteString(strings.ToLower(words[0]))
	for _, w := range words[1:] {
		joined.WriteString(s.capital(w))
	}
	name := joined.String()
	if !unicode.IsLetter([]rune(name)[0]) {
		name = "n" + name
	}
	if r, ok := reserved[name]; ok {
		return r
	}
	return name
}
