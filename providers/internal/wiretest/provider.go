package wiretest

import (
	"maps"
	"net/http"
	"testing"

	"github.com/grantwire/grantwire/providers/internal/subject"
)

// Provider drives every operation of a committed provider in every mode.
func Provider(t *testing.T, p subject.Provider) {
	t.Helper()
	report := Run(t, Of(t, p))
	if got := report.Operations + len(p.Wire.Skip); got < p.Count {
		t.Errorf("%d operations were driven, not %d", report.Operations, p.Count)
	}
}

// ThroughVault drives every operation of a committed provider once with a
// credential that an embedded vault injects: the vault's own headers must not
// reach the provider, and the audit trail must name each operation.
func ThroughVault(t *testing.T, p subject.Provider) {
	t.Helper()
	cfg := Of(t, p)
	v := NewVault(t, p.Secret(), p.Base, cfg.Operations, p.Hosts()...)
	cfg.Transport = v.Transport
	cfg.Modes, cfg.Partial = Modes()[:1], true
	cfg.FirstPage = true // the trail has one row for each request that Run counts
	v.CheckTrail(Run(t, cfg).Requests, p.Wire.Unnamed)
}

// Of is the configuration for a committed provider.
func Of(t *testing.T, p subject.Provider) Config {
	t.Helper()
	spec, err := p.Spec()
	if err != nil {
		t.Fatal(err)
	}
	headers, query := p.Injected()
	cfg := Config{
		Spec: spec, New: p.New, Operations: p.Operations, Base: p.Base,
		Transport: inject(headers, query), Headers: headers, Query: query,
		Credentials: p.CredentialParameters, Surface: p.Surface, Skip: p.Wire.Skip, Ignore: p.Wire.Ignore,
	}
	maps.Copy(cfg.Headers, p.Headers)
	return cfg
}

// inject adds headers and query parameters as a vault does.
func inject(headers, query map[string]string) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper { return injector{headers, query, next} }
}

type injector struct {
	headers, query map[string]string
	next           http.RoundTripper
}

func (i injector) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	for name, value := range i.headers {
		req.Header.Set(name, value)
	}
	if len(i.query) > 0 {
		q := req.URL.Query()
		for name, value := range i.query {
			q.Set(name, value)
		}
		req.URL.RawQuery = q.Encode()
	}
	return i.next.RoundTrip(req)
}
