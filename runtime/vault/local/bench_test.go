package local

import (
	"testing"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// BenchmarkToken is a whole token call: signature, decision, row, sync, answer.
func BenchmarkToken(b *testing.B) {
	for name, opts := range map[string][]Option{"file": nil, "memory": {InMemory()}, "memory, quotas": {InMemory(), WithRateLimits(RateLimits{Quotas: []Quota{{"day", 1 << 30}, {"month", 1 << 30}}})}} {
		b.Run(name, func(b *testing.B) {
			f := newFixture(b, opts...)
			b.ReportAllocs()
			for b.Loop() {
				f.mustToken()
			}
		})
	}
}

// BenchmarkTokenParallel shows what sharing a commit brings.
func BenchmarkTokenParallel(b *testing.B) {
	f := newFixture(b)
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			f.mustToken()
		}
	})
}

func (f *fixture) mustToken() {
	resp, err := f.RoundTrip(f.request(send{
		method: "POST", path: wire.PathToken,
		body: wire.TokenRequest{GrantID: f.grant.ID, Method: "GET", URL: "https://api.github.com/user"}.Marshal(),
	}))
	if err != nil || resp.StatusCode != 200 {
		f.t.Error("token call failed")
	}
}
