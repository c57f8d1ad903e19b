package fetch

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/grantwire/grantwire/generator/internal/config"
)

// client returns an HTTP client with the proxy and the certificates of the npm
// settings. Certificates are always checked, whatever strict-ssl says.
func (s Settings) client() (*http.Client, error) {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment}
	if usual, ok := http.DefaultTransport.(*http.Transport); ok {
		t = usual.Clone()
	}
	t.ResponseHeaderTimeout = time.Minute
	if path := s.get("cafile"); path != "" {
		pem, err := os.ReadFile(path)
		if err != nil {
			return nil, errors.New("cannot read the cafile of the npm settings")
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		pool.AppendCertsFromPEM(pem)
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	proxies := map[string]string{"https": s.get("https-proxy"), "http": s.get("proxy")}
	if proxies["https"] == "" {
		proxies["https"] = proxies["http"]
	}
	if proxies["https"] != "" || proxies["http"] != "" {
		exempt := strings.Split(s.get("noproxy"), ",")
		t.Proxy = func(r *http.Request) (*url.URL, error) {
			address := proxies[r.URL.Scheme]
			if address == "" || isExempt(r.URL.Hostname(), exempt) {
				return nil, nil
			}
			return url.Parse(address)
		}
	}
	return &http.Client{Transport: t, CheckRedirect: checkRedirect}, nil
}

// checkRedirect follows a few redirects, never from https to http. Credentials of
// the registry stay with its host: net/http would send them to subdomains, too.
func checkRedirect(r *http.Request, via []*http.Request) error {
	if len(via) > 5 {
		return errors.New("more than 5 redirects")
	}
	if via[len(via)-1].URL.Scheme == "https" && r.URL.Scheme != "https" {
		return errors.New("a redirect from https to http")
	}
	if r.URL.Host != via[0].URL.Host {
		r.Header.Del("Authorization")
	}
	return nil
}

// checkDocumentRedirect follows a few redirects to addresses that could be named
// as well: https, or from this machine to itself. A redirect never leads from the
// network to this machine.
func checkDocumentRedirect(r *http.Request, via []*http.Request) error {
	if err := checkRedirect(r, via); err != nil {
		return err
	}
	if _, err := config.DocumentURL(r.URL.String()); err != nil {
		return errors.New("a redirect to an address that is not https")
	}
	if config.IsLoopback(r.URL.Hostname()) && !config.IsLoopback(via[0].URL.Hostname()) {
		return errors.New("a redirect from the network to this machine")
	}
	return nil
}

func isExempt(host string, exempt []string) bool {
	for _, e := range exempt {
		if e = strings.TrimPrefix(strings.TrimSpace(e), "."); e != "" && (host == e || strings.HasSuffix(host, "."+e)) {
			return true
		}
	}
	return false
}

// statusError is an answer other than 200.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("status %d", int(e)) }

// errTooLarge says that a limit was passed.
var errTooLarge = errors.New("too large")

// maxWait limits one download.
const maxWait = 10 * time.Minute

// request is one download.
type request struct {
	hc                             *http.Client
	address, accept, authorization string
	limit                          int64
}

// download returns the body at an address, at most limit bytes. Errors never
// hold the address, which may have a query, or a header.
func (f *fetcher) download(ctx context.Context, r request) ([]byte, error) {
	wait := cmp.Or(f.opts.Timeout, maxWait)
	ctx, cancel := context.WithTimeoutCause(ctx, wait, fmt.Errorf("no complete answer within %s", wait))
	defer cancel()
	body, err := r.get(ctx)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = context.Cause(ctx)
	}
	return body, err
}

func (r request) get(ctx context.Context) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.address, nil)
	if err != nil {
		return nil, errors.New("not a usable address")
	}
	req.Header.Set("Accept", r.accept)
	if r.authorization != "" {
		req.Header.Set("Authorization", r.authorization)
	}
	resp, err := r.hc.Do(req)
	if err != nil {
		return nil, peel(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, statusError(resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, r.limit+1))
	if err != nil {
		return nil, peel(err)
	}
	if int64(len(body)) > r.limit {
		return nil, fmt.Errorf("%w: more than %d bytes", errTooLarge, r.limit)
	}
	return body, nil
}

// peel removes the address from an error of net/http.
func peel(err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return ue.Err
	}
	return err
}
