package local

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/assertion"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// verifier keeps a key set as long as it may, as other services do.
type verifier struct {
	a       *appFixture
	set     []byte
	fetched time.Time
}

func (v *verifier) check(token string) assertion.Reason {
	now := v.a.clock.now()
	if now.Sub(v.fetched) >= identityCached {
		v.set, v.fetched = v.a.jwks(), now
	}
	_, reason := assertion.Verify(token, assertion.Checks{Issuer: "https://vault.example.com", Audience: "https://memory.example.com", AppID: v.a.app.ID, JWKS: v.set, Now: now})
	return reason
}

// TestRotateIdentityKey: at no time is an assertion refused, by verifiers that
// fetched the keys at any time, and at the end the old key is gone.
func TestRotateIdentityKey(t *testing.T) {
	a := newAppFixture(t, WithPublicURL("https://vault.example.com"))
	assert := func() string {
		r, got := a.assert(send{}, wire.AssertionAsk{TTLSeconds: 300})
		a.want(r, 200, "")
		return got.Token
	}
	old, err := a.IdentitySigners(t.Context())
	a.must(err)
	if len(old) != 1 || !old[0].RetiresAt.IsZero() {
		t.Fatalf("%+v", old)
	}
	var verifiers []*verifier
	for range 5 { // they fetch a minute apart
		verifiers = append(verifiers, &verifier{a: a, set: a.jwks(), fetched: a.clock.now()})
		a.clock.add(time.Minute)
	}
	// A second process rotates, while the first one has its keys in memory.
	beside := a.open(WithPublicURL("https://vault.example.com"))
	next, err := beside.RotateIdentityKey(t.Context(), false)
	a.must(err)
	if !next.SignsFrom.Equal(a.clock.now().Add(identityLead)) || next.ID == old[0].ID {
		t.Errorf("%+v", next)
	}
	used := map[string]int{}
	var live []string
	for minute := range 14 {
		token := assert()
		live = append(live, token)
		if len(live) > 5 {
			live = live[1:] // over after five minutes
		}
		for _, kid := range []string{old[0].ID, next.ID} {
			if strings.Contains(tokenHeader(t, token), kid) {
				used[kid]++
			}
		}
		for i, v := range verifiers {
			for _, token := range live {
				if reason := v.check(token); reason != "" {
					t.Errorf("minute %d, verifier %d: %s", minute, i, reason)
				}
			}
		}
		a.clock.add(time.Minute)
	}
	if used[old[0].ID] != 6 || used[next.ID] != 8 {
		t.Errorf("signed: %v", used)
	}
	if left, err := a.IdentitySigners(t.Context()); err != nil || len(left) != 1 || left[0].ID != next.ID {
		t.Errorf("%+v %v", left, err)
	}
	if e := a.events(EventFilter{Action: "identity_key.rotated"}); len(e) != 1 || e[0].TargetID != next.ID {
		t.Errorf("%+v", e)
	}
}

func tokenHeader(t *testing.T, token string) string {
	t.Helper()
	head, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestRotateIdentityKeyAtOnce: a key that may be known to others is out of the
// set and out of the database.
func TestRotateIdentityKeyAtOnce(t *testing.T) {
	a := newAppFixture(t, WithPublicURL("https://vault.example.com"))
	_, before := a.assert(send{}, wire.AssertionAsk{})
	if _, err := a.RotateIdentityKey(t.Context(), false); err != nil { // a successor that waits must go, too
		t.Fatal(err)
	}
	next, err := a.RotateIdentityKey(t.Context(), true)
	a.must(err)
	v := &verifier{a: a}
	if reason := v.check(before.Token); reason != assertion.Key {
		t.Errorf("the old key: %q", reason)
	}
	_, after := a.assert(send{}, wire.AssertionAsk{})
	if reason := v.check(after.Token); reason != "" || !strings.Contains(tokenHeader(t, after.Token), next.ID) {
		t.Errorf("the new key: %q", reason)
	}
	var rows int
	a.must(a.store.read(t.Context(), scanOne("SELECT count(*) FROM identity_keys", &rows)))
	if rows != 1 {
		t.Errorf("%d keys", rows)
	}
}

// TestIdentityKeyOfBefore: the key of a vault that knew only one goes on signing.
func TestIdentityKeyOfBefore(t *testing.T) {
	f := newFixture(t)
	set, err := f.IdentityKeys(t.Context())
	f.must(err)
	f.must(f.store.write(t.Context(), func(ctx context.Context, q *statements) error {
		keys, err := f.identities(ctx, q)
		if err != nil {
			return err
		}
		raw, err := keys[0].private.Bytes()
		if err != nil {
			return err
		}
		s, err := f.seal.seal(kindVault, "", fieldIdentityKey, raw)
		if err != nil {
			return err
		}
		return q.exec(ctx, "INSERT INTO meta (name, value) VALUES ('identity_key', ?), ('identity_data_key', ?)", s.text, s.dataKey)
	}))
	for step := range strings.SplitSeq("DROP TABLE identity_keys;"+schemaV11, ";") { // each prepared on its own
		if strings.TrimSpace(step) != "" {
			f.must(f.store.write(t.Context(), execOnly(step)))
		}
	}
	again, err := f.IdentityKeys(t.Context())
	f.must(err)
	if string(again) != string(set) {
		t.Errorf("%s, want %s", again, set)
	}
}
