package split

import (
	"math/bits"
	"strings"
)

// set holds numbers of packages. All sets of a run have the same length.
type set []uint64

func newSet(n int) set { return make(set, (n+63)/64) }

func (s set) add(i int) { s[i/64] |= 1 << (i % 64) }

func (s set) has(i int) bool { return s[i/64]>>(i%64)&1 == 1 }

func (s set) len() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// less counts the members of s that t lacks.
func (s set) less(t set) int {
	n := 0
	for i, w := range s {
		n += bits.OnesCount64(w &^ t[i])
	}
	return n
}

func (s set) meets(t set) bool {
	for i, w := range s {
		if w&t[i] != 0 {
			return true
		}
	}
	return false
}

func (s set) with(t set) set {
	out := make(set, len(s))
	for i, w := range s {
		out[i] = w | t[i]
	}
	return out
}

// only gives the one member of the set, or -1.
func (s set) only() int {
	if s.len() != 1 {
		return -1
	}
	for i, w := range s {
		if w != 0 {
			return i*64 + bits.TrailingZeros64(w)
		}
	}
	return -1
}

func (s set) key() string {
	var b strings.Builder
	for _, w := range s {
		for range 8 {
			b.WriteByte(byte(w))
			w >>= 8
		}
	}
	return b.String()
}
