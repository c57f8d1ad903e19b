package vault

import "github.com/grantwire/grantwire/runtime/vault/internal/spelling"

// minMasked is the length below which a secret is not searched for: shorter
// text would be found in innocent places.
const minMasked = 8

// masker finds secrets in the forms in which software writes them, and
// overwrites them with asterisks of the same length, so that lengths, offsets
// and checks of syntax stay as they were. It keeps the secrets behind a
// closure, out of reach of fmt and reflection. It is safe for concurrent use.
type masker struct{ spellings func() *spelling.Set }

func newMasker(secrets ...string) masker {
	set := spelling.New(minMasked, secrets...)
	return masker{func() *spelling.Set { return set }}
}

// mask overwrites every secret in b.
func (m masker) mask(b []byte) {
	for _, at := range m.spellings().Find(b) {
		for i := at[0]; i < at[1]; i++ {
			b[i] = '*'
		}
	}
}

func (m masker) inString(s string) bool { return m.spellings().In(s) }

func (m masker) inName(name string) bool { return m.spellings().InName(name) }

func (m masker) maskString(s string) string {
	if !m.inString(s) {
		return s
	}
	b := []byte(s)
	m.mask(b)
	return string(b)
}

// held returns how many bytes at the end of b may be the beginning of a secret
// that goes on in what comes next.
func (m masker) held(b []byte) int { return m.spellings().Held(b) }

// longest returns the length of the longest spelling.
func (m masker) longest() int { return m.spellings().Longest() }
