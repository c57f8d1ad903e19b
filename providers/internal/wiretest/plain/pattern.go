package plain

import (
	"encoding/json"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
)

// matching makes a string for a regular expression: the counter chooses
// characters and alternatives, so that two strings of one pattern differ.
func (m *Maker) matching(pattern string, least int) (string, *regexp.Regexp, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", nil, fmt.Errorf("pattern %s: %w", pattern, err)
	}
	check, err := regexp.Compile(pattern)
	if err != nil {
		return "", nil, fmt.Errorf("pattern %s: %w", pattern, err)
	}
	var b strings.Builder
	p := picker{seed: m.n, least: least}
	p.write(&b, re)
	if longer := b.String() + "w" + strconv.Itoa(m.n); check.MatchString(longer) {
		return longer, check, nil
	}
	return b.String(), check, nil
}

type picker struct {
	seed  int
	least int
}

// next gives the digits of the seed, lowest first, then zeros.
func (p *picker) next(n int) int {
	d := p.seed % n
	p.seed /= n
	return d
}

func (p *picker) write(b *strings.Builder, re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		p.class(b, re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte("abcdefghijklmnopqrstuvwxyz"[p.next(26)])
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			p.write(b, sub)
		}
	case syntax.OpAlternate:
		p.write(b, re.Sub[p.next(len(re.Sub))])
	case syntax.OpStar, syntax.OpPlus:
		for range max(2, p.least) {
			p.write(b, re.Sub[0])
		}
	case syntax.OpRepeat:
		for range re.Min {
			p.write(b, re.Sub[0])
		}
	default: // anchors and optional parts add nothing
	}
}

// class writes one printable ASCII character of the ranges.
func (p *picker) class(b *strings.Builder, ranges []rune) {
	var all []rune
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := max(ranges[i], '!'); r <= min(ranges[i+1], '~'); r++ {
			all = append(all, r)
		}
	}
	if len(all) > 0 {
		b.WriteRune(all[p.next(len(all))])
	}
}

func jsonNumber(i int64) json.Number { return json.Number(strconv.FormatInt(i, 10)) }
