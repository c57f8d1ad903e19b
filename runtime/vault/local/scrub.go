package local

import (
	"github.com/grantwire/grantwire/runtime/vault/internal/spelling"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// minSecret is the shortest secret that is looked for in answers: a shorter one
// would occur by chance, and its replacement would damage honest data.
const minSecret = 6

const scrubbed = "[redacted]"

// scrubber takes a credential out of a provider's answer, in the spellings in
// which providers echo it.
type scrubber struct{ secrets *spelling.Set }

func newScrubber(c *wire.Credential, more ...string) *scrubber {
	secrets := append([]string{c.AccessToken, c.BasicSecret(minSecret)}, more...)
	if !c.Signs() { // the header's value is not made of the token then
		secrets = append(secrets, c.HeaderValue())
	}
	for _, name := range sortedKeys(c.Additional) {
		if !c.Signs() || name != "region" && name != "service" { // those are no secrets
			secrets = append(secrets, c.Additional[name])
		}
	}
	return &scrubber{spelling.New(minSecret, secrets...)}
}

// name is text for a header name, whose case the HTTP library decides.
func (s *scrubber) name(t string) string {
	if s.secrets.InName(t) {
		return "x-masked"
	}
	return t
}

func (s *scrubber) bytes(b []byte) []byte { return s.secrets.Replace(b, scrubbed) }

func (s *scrubber) text(t string) string { return string(s.bytes([]byte(t))) }

// longest is the length of the longest spelling: what a cut could split.
func (s *scrubber) longest() int { return s.secrets.Longest() }
