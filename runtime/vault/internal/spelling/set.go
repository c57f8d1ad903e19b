package spelling

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Set finds any of several texts in one pass that looks at a fraction of the
// bytes (the algorithm of Wu and Manber): searching for each spelling on its own
// took longer than decoding the JSON that was searched. It is safe for concurrent
// use, and prints as nothing.
type Set struct {
	texts   []string
	lower   []string // texts in lower case, for header names
	longest int
	window  int                   // how much of each text is indexed: the shortest text, at most maxWindow
	shift   [1 << shiftBits]uint8 // by the last block of a window: how far the next match can be
}

const (
	shiftBits = 12
	block     = 3
	maxWindow = 64
)

// New returns the spellings of the secrets that have at least shortest bytes,
// which must be three or more: shorter text would be found in innocent places.
func New(shortest int, secrets ...string) *Set {
	shortest = max(shortest, block)
	s := &Set{}
	seen := map[string]bool{}
	for _, secret := range secrets {
		if len(secret) < shortest {
			continue
		}
		for _, text := range Of(secret) {
			if len(text) >= shortest && !seen[text] {
				seen[text] = true
				s.texts = append(s.texts, text)
			}
		}
	}
	s.index()
	return s
}

// Format keeps every verb away from the secrets.
func (*Set) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "spelling.Set") }

func (s *Set) index() {
	s.window = maxWindow
	for _, t := range s.texts {
		s.lower = append(s.lower, strings.ToLower(t))
		s.window = min(s.window, len(t))
		s.longest = max(s.longest, len(t))
	}
	for i := range s.shift {
		s.shift[i] = uint8(s.window - block + 1) //nolint:gosec // G115: block <= window <= maxWindow
	}
	for _, t := range s.texts {
		for i := 0; i+block <= s.window; i++ {
			h := blockHash(t[i], t[i+1], t[i+2])
			s.shift[h] = min(s.shift[h], uint8(s.window-block-i)) //nolint:gosec // G115: not negative, by the loop's condition
		}
	}
}

// Find returns where the texts are in b: pairs of start and end, in the order of
// their starts, which may overlap.
func (s *Set) Find(b []byte) [][2]int {
	if len(s.texts) == 0 {
		return nil
	}
	var found [][2]int
	for start := 0; start+s.window <= len(b); {
		end := start + s.window
		if skip := s.shift[blockHash(b[end-3], b[end-2], b[end-1])]; skip > 0 {
			start += int(skip)
			continue
		}
		for _, t := range s.texts {
			if end := start + len(t); end <= len(b) && string(b[start:end]) == t {
				found = append(found, [2]int{start, end})
			}
		}
		start++
	}
	return found
}

func blockHash(a, b, c byte) uint32 {
	return (uint32(a) | uint32(b)<<8 | uint32(c)<<16) * 2654435761 >> (32 - shiftBits)
}

// In reports whether a text holds a secret.
func (s *Set) In(text string) bool {
	return slices.ContainsFunc(s.texts, func(p string) bool { return strings.Contains(text, p) })
}

// InName looks into a header name, whose case the HTTP library decides.
func (s *Set) InName(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(s.lower, func(p string) bool { return strings.Contains(name, p) })
}

// Held returns how many bytes at the end of b may be the beginning of a secret
// that goes on in what comes next.
func (s *Set) Held(b []byte) int {
	longest := 0
	for _, p := range s.texts {
		tail := b[max(0, len(b)-len(p)+1):]
		for len(tail) > longest {
			i := bytes.IndexByte(tail, p[0])
			if i < 0 || len(tail)-i <= longest {
				break
			}
			if tail = tail[i:]; strings.HasPrefix(p, string(tail)) {
				longest = len(tail)
				break
			}
			tail = tail[1:]
		}
	}
	return longest
}

// Longest returns the length of the longest spelling.
func (s *Set) Longest() int { return s.longest }

// Replace returns b with each secret replaced; b itself when there is none.
// Spellings that overlap are one secret.
func (s *Set) Replace(b []byte, by string) []byte {
	found := s.Find(b)
	if len(found) == 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	done := 0
	for i := 0; i < len(found); {
		start, end := found[i][0], found[i][1]
		for i++; i < len(found) && found[i][0] < end; i++ {
			end = max(end, found[i][1])
		}
		out = append(append(out, b[done:start]...), by...)
		done = end
	}
	return append(out, b[done:]...)
}
