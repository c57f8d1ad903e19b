package vault

import "strings"

// spellingSet finds any of several texts in one pass that looks at a fraction
// of the bytes (the algorithm of Wu and Manber): searching for each spelling on
// its own took longer than decoding the JSON that was searched. Every text is at
// least minMasked bytes long.
type spellingSet struct {
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

func (s *spellingSet) index() {
	s.window = maxWindow
	for _, t := range s.texts {
		s.lower = append(s.lower, strings.ToLower(t))
		s.window = min(s.window, len(t))
		s.longest = max(s.longest, len(t))
	}
	for i := range s.shift {
		s.shift[i] = uint8(s.window - block + 1) //nolint:gosec // G115: minMasked <= window <= maxWindow
	}
	for _, t := range s.texts {
		for i := 0; i+block <= s.window; i++ {
			h := blockHash(t[i], t[i+1], t[i+2])
			s.shift[h] = min(s.shift[h], uint8(s.window-block-i)) //nolint:gosec // G115: not negative, by the loop's condition
		}
	}
}

// find returns where the texts are in b: pairs of start and end, which may
// overlap.
func (s *spellingSet) find(b []byte) [][2]int {
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
