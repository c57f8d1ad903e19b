package assertion

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"maps"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

var testNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func testClaims() Claims {
	return Claims{
		Issuer: "https://vault.example.com", Audience: "https://memory.example.com", AppID: "app-1", UserID: "user-1", AgentID: "agent-1",
		AgentAuth: "agent_key", ID: "id-1", IssuedAt: testNow, ExpiresAt: testNow.Add(time.Minute),
	}
}

type fixture struct {
	t   *testing.T
	key *ecdsa.PrivateKey
	jwk map[string]any
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k, err := NewJWK(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, key: key, jwk: map[string]any{}}
	f.decode(f.encode(k), &f.jwk)
	return f
}

func (f *fixture) encode(v any) []byte {
	f.t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		f.t.Fatal(err)
	}
	return raw
}

func (f *fixture) decode(raw []byte, v any) {
	f.t.Helper()
	if err := json.Unmarshal(raw, v); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) set(keys ...map[string]any) []byte {
	if keys == nil {
		keys = []map[string]any{f.jwk}
	}
	return f.encode(map[string]any{"keys": keys})
}

func (f *fixture) checks() Checks {
	c := testClaims()
	return Checks{Issuer: c.Issuer, Audience: c.Audience, AppID: c.AppID, AgentID: c.AgentID, JWKS: f.set(), Now: testNow}
}

func (f *fixture) token(c Claims) string {
	f.t.Helper()
	token, err := Sign(f.key, c)
	if err != nil {
		f.t.Fatal(err)
	}
	return token
}

// changed signs a token whose header and body were edited: nil deletes.
func (f *fixture) changed(header, body map[string]any) string {
	f.t.Helper()
	parts := strings.Split(f.token(testClaims()), ".")
	for i, changes := range []map[string]any{header, body} {
		m := map[string]any{}
		f.decode(decode(parts[i]), &m)
		for k, v := range changes {
			if v == nil {
				delete(m, k)
			} else {
				m[k] = v
			}
		}
		parts[i] = encode(f.encode(m))
	}
	return f.sign(parts[0] + "." + parts[1])
}

func (f *fixture) sign(text string) string {
	f.t.Helper()
	hash := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, f.key, hash[:])
	if err != nil {
		f.t.Fatal(err)
	}
	sum := make([]byte, 64)
	r.FillBytes(sum[:32])
	s.FillBytes(sum[32:])
	return text + "." + encode(sum)
}

func TestRoundTrip(t *testing.T) {
	f := newFixture(t)
	for name, edit := range map[string]func(*Claims){
		"user and agent": func(*Claims) {}, "user": func(c *Claims) { c.AgentID, c.AgentAuth = "", "" },
		"agent": func(c *Claims) { c.UserID = "" }, "app": func(c *Claims) { c.UserID, c.AgentID, c.AgentAuth = "", "", "" },
	} {
		c := testClaims()
		edit(&c)
		want := f.checks()
		want.AgentID = c.AgentID
		got, reason := Verify(f.token(c), want)
		if reason != "" || got != c {
			t.Errorf("%s: %+v, %q", name, got, reason)
		}
	}
}

func TestSignRefusesHalfClaims(t *testing.T) {
	f := newFixture(t)
	for name, edit := range map[string]func(*Claims){
		"no app": func(c *Claims) { c.AppID = "" }, "agent without proof": func(c *Claims) { c.AgentAuth = "" },
		"too long": func(c *Claims) { c.ExpiresAt = c.IssuedAt.Add(301 * time.Second) },
	} {
		c := testClaims()
		edit(&c)
		if _, err := Sign(f.key, c); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

// TestHeaderAndClaims: a signed token that breaks one rule is refused for it.
func TestHeaderAndClaims(t *testing.T) {
	f := newFixture(t)
	at := testNow.Unix()
	for name, c := range map[string]struct {
		header, body map[string]any
		want         Reason
	}{
		"another algorithm":   {header: map[string]any{"alg": "HS256"}, want: Header},
		"no algorithm":        {header: map[string]any{"alg": "none"}, want: Header},
		"algorithm's case":    {header: map[string]any{"alg": "es256"}, want: Header},
		"another type":        {header: map[string]any{"typ": "JWT"}, want: Header},
		"no type":             {header: map[string]any{"typ": nil}, want: Header},
		"no key":              {header: map[string]any{"kid": nil}, want: Header},
		"key of a type":       {header: map[string]any{"kid": 1}, want: Malformed},
		"unknown key":         {header: map[string]any{"kid": "x"}, want: Key},
		"critical":            {header: map[string]any{"crit": []string{"exp"}}, want: Header},
		"critical, empty":     {header: map[string]any{"crit": []string{}}, want: Header},
		"unencoded":           {header: map[string]any{"b64": false}, want: Header},
		"encoded":             {header: map[string]any{"b64": true, "x": 1}},
		"another issuer":      {body: map[string]any{"iss": "https://vault.example.com/"}, want: Binding},
		"no issuer":           {body: map[string]any{"iss": nil}, want: BadClaims},
		"another audience":    {body: map[string]any{"aud": "https://other.example.com"}, want: Binding},
		"many audiences":      {body: map[string]any{"aud": []string{"x", "https://memory.example.com"}}},
		"no audience of it":   {body: map[string]any{"aud": []string{}}, want: Binding},
		"audience of a type":  {body: map[string]any{"aud": []any{1}}, want: BadClaims},
		"no audience":         {body: map[string]any{"aud": nil}, want: BadClaims},
		"another party":       {body: map[string]any{"azp": "app-2"}, want: Binding},
		"no party":            {body: map[string]any{"azp": nil}, want: BadClaims},
		"another app":         {body: map[string]any{"alter": map[string]any{"app_id": "app-2", "agent_auth": "k"}}, want: Binding},
		"no app":              {body: map[string]any{"alter": nil}, want: BadClaims},
		"another subject":     {body: map[string]any{"sub": "user-1"}, want: Binding},
		"another app's":       {body: map[string]any{"sub": "alter:app:app-2"}, want: Binding},
		"empty user":          {body: map[string]any{"sub": "alter:user:"}, want: BadClaims},
		"no subject":          {body: map[string]any{"sub": nil}, want: BadClaims},
		"no ID":               {body: map[string]any{"jti": nil}, want: BadClaims},
		"empty ID":            {body: map[string]any{"jti": ""}, want: BadClaims},
		"agent without proof": {body: map[string]any{"alter": map[string]any{"app_id": "app-1"}}, want: BadClaims},
		"no agent":            {body: map[string]any{"act": nil}, want: Binding},
		"another agent":       {body: map[string]any{"act": map[string]any{"sub": "alter:agent:agent-2"}}, want: Binding},
		"agent's form":        {body: map[string]any{"act": map[string]any{"sub": "agent-1"}}, want: BadClaims},
		"actor of a type":     {body: map[string]any{"act": "alter:agent:agent-1"}, want: BadClaims},
		"no issue time":       {body: map[string]any{"iat": nil}, want: BadClaims},
		"no end":              {body: map[string]any{"exp": nil}, want: BadClaims},
		"text for a time":     {body: map[string]any{"exp": "1772366460"}, want: BadClaims},
		"a fraction":          {body: map[string]any{"exp": float64(at) + 60.5}, want: BadClaims},
		"ends before":         {body: map[string]any{"iat": at, "exp": at}, want: Lifetime},
		"over":                {body: map[string]any{"iat": at - 60, "exp": at}, want: Lifetime},
		"last second":         {body: map[string]any{"iat": at - 60, "exp": at + 1}},
		"too long":            {body: map[string]any{"iat": at, "exp": at + 301}, want: Lifetime},
		"five minutes":        {body: map[string]any{"iat": at, "exp": at + 300}},
		"clock ahead":         {body: map[string]any{"iat": at + 5, "exp": at + 60}},
		"too far ahead":       {body: map[string]any{"iat": at + 6, "exp": at + 60}, want: Lifetime},
		"not yet":             {body: map[string]any{"nbf": at + 6}, want: Lifetime},
		"by now":              {body: map[string]any{"nbf": at}},
		"text for not yet":    {body: map[string]any{"nbf": "x"}, want: BadClaims},
	} {
		if _, got := Verify(f.changed(c.header, c.body), f.checks()); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestSpelling(t *testing.T) {
	f := newFixture(t)
	token := f.token(testClaims())
	parts := strings.Split(token, ".")
	other := newFixture(t)
	der, err := ecdsa.SignASN1(rand.Reader, f.key, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	zero := make([]byte, 64)
	for name, c := range map[string]struct {
		token string
		want  Reason
	}{
		"empty": {"", Malformed}, "two parts": {parts[0] + "." + parts[1], Malformed}, "four parts": {token + ".", Malformed},
		"no signature": {parts[0] + "." + parts[1] + ".", Malformed}, "padding": {token + "=", Malformed}, "line end": {token + "\n", Malformed},
		"huge": {token + strings.Repeat("A", maxToken), Malformed}, "not base64": {"é." + parts[1] + "." + parts[2], Malformed},
		"another body": {parts[0] + "." + encode([]byte(`{}`)) + "." + parts[2], Signature}, "zeroes": {parts[0] + "." + parts[1] + "." + encode(zero), Signature},
		"DER": {parts[0] + "." + parts[1] + "." + encode(der), Signature}, "longer": {parts[0] + "." + parts[1] + "." + encode(append(decode(parts[2]), 0)), Signature},
		"a key twice":   {f.sign(encode([]byte(`{"alg":"ES256","alg":"none","typ":"alter-identity+jwt","kid":"x"}`)) + "." + parts[1]), Malformed},
		"a claim twice": {f.sign(parts[0] + "." + encode([]byte(`{"iss":"a","iss":"b"}`))), BadClaims}, "another key": {other.sign(parts[0] + "." + parts[1]), Signature},
	} {
		if _, got := Verify(c.token, f.checks()); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestKeySets(t *testing.T) {
	f := newFixture(t)
	token := f.token(testClaims())
	with := func(name string, value any) map[string]any {
		m := maps.Clone(f.jwk)
		if value == nil {
			delete(m, name)
		} else {
			m[name] = value
		}
		return m
	}
	y := new(big.Int).SetBytes(decode(f.jwk["y"].(string)))
	off := encode(y.Add(y, big.NewInt(1)).FillBytes(make([]byte, 32)))
	rsa := map[string]any{"kty": "RSA", "kid": "r", "n": "AQAB", "e": "AQAB"}
	for name, c := range map[string]struct {
		set  []byte
		pass bool
	}{
		"one": {f.set(), true}, "beside others": {f.set(rsa, f.jwk, map[string]any{"kid": []string{"x"}}), true},
		"bare":   {f.set(map[string]any{"kty": "EC", "crv": "P-256", "x": f.jwk["x"], "y": f.jwk["y"], "kid": f.jwk["kid"]}), true},
		"verify": {f.set(with("key_ops", []string{"verify"})), true}, "sign only": {f.set(with("key_ops", []string{"sign"})), false},
		"no operation": {f.set(with("key_ops", []string{})), false},
		"twice":        {f.set(f.jwk, f.jwk), false}, "none": {[]byte(`{"keys":[]}`), false}, "no set": {[]byte(`[]`), false}, "no JSON": {[]byte(`x`), false},
		"private": {f.set(with("d", "AA")), false}, "another use": {f.set(with("use", "enc")), false}, "another algorithm": {f.set(with("alg", "ES384")), false},
		"another curve": {f.set(with("crv", "P-384")), false}, "another type": {f.set(with("kty", "oct")), false}, "no point": {f.set(with("y", off)), false},
		"short": {f.set(with("x", "AQ")), false}, "no x": {f.set(with("x", nil)), false}, "a list as ID": {f.set(with("kid", []any{f.jwk["kid"]})), false},
	} {
		want := f.checks()
		want.JWKS = c.set
		if _, got := Verify(token, want); (got == "") != c.pass || got != "" && got != Key {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// FuzzVerify: nothing but a token of the key passes, and nothing panics.
func FuzzVerify(f *testing.F) {
	fix := newFixture(&testing.T{})
	good := fix.token(testClaims())
	want := fix.checks()
	f.Add(good)
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		c, reason := Verify(token, want)
		// (r, n-s) is a second signature of the same text, which no mutation finds.
		if reason == "" && (token != good || c != testClaims()) {
			t.Errorf("%q passes", token)
		}
	})
}
