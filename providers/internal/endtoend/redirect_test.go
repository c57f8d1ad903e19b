package endtoend_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// checkStranger looks at what a host got that is not the provider's.
func checkStranger(t *testing.T, s *server, allowed int) {
	t.Helper()
	requests := s.requests()
	if len(requests) > allowed {
		t.Errorf("the other host got %d requests", len(requests))
	}
	for _, r := range requests {
		checkNoVaultHeaders(t, r)
		for name, values := range r.Header {
			switch name {
			case "User-Agent", "Accept-Encoding", "Connection":
			default:
				t.Errorf("the other host got %s: %q", name, values)
			}
		}
		if where := find(plainToken, dump(r)); where != "" {
			t.Errorf("the other host got the credential: %s", where)
		}
	}
}

func dump(r *http.Request) string {
	var b bytes.Buffer
	_ = r.Header.Write(&b)
	return r.Method + " " + r.Host + " " + r.URL.String() + "\n" + b.String()
}

// TestRedirectElsewhere: no answer but a download is taken from another host,
// whatever the status, the spelling of the address and the method.
func TestRedirectElsewhere(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		for name, location := range map[string]string{
			"other port": w.other.URL + "/x", "other name": w.provider.named("localhost") + "/x", "other scheme": "https" + strings.TrimPrefix(w.provider.URL, "http") + "/x",
			"protocol-relative": strings.TrimPrefix(w.other.URL, "http:") + "/x", "user-info": strings.Replace(w.provider.URL, "//", "//x@", 1),
			"file": "file:///etc/hosts", "no URL": "http://[::1", "backslash": `\\` + strings.TrimPrefix(w.other.URL, "http://"),
		} {
			for _, status := range []int{301, 302, 303, 307, 308} {
				w.provider.script(reply(status, "text/html", "<a>moved</a>", "Location", location))
				w.other.script(reply(200, jsonType, repository("", "")))
				_, err1 := w.github(api.WithHeader("X-Own", "own")).GetRepo(w.ctx(), "acme", "site")
				_, err2 := w.slack(api.WithHeader("X-Own", "own")).ListConversations(w.ctx(), nil)
				_, err3 := w.github().CreateIssue(w.ctx(), "acme", "site", newIssue("Lamp"))
				for i, err := range []error{err1, err2, err3} {
					if err == nil || strings.Contains(err.Error(), location) {
						t.Errorf("%s %d, call %d: %v", name, status, i, err)
					}
				}
				checkStranger(t, w.other, 0)
			}
		}
	})
}

func TestRedirectOnTheSameHost(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		w.provider.script(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/repos/acme/site" {
				reply(301, "", "", "Location", w.provider.URL+"/repositories/7")(rw, r)
				return
			}
			reply(200, jsonType, repository("", ""))(rw, r)
		})
		got, err := getRepo(w.ctx(), w)
		if err != nil || !strings.HasPrefix(got, "7 site") {
			t.Errorf("%q: %v", got, err)
		}
		checkDelivery(t, w.provider, plainToken)
		w.provider.script(reply(301, "", "", "Location", "/again"))
		if _, err := getRepo(w.ctx(), w); err == nil || len(w.provider.requests()) != 2 {
			t.Errorf("%d requests for an endless redirect: %v", len(w.provider.requests()), err)
		}
	})
}

// TestTarball: the documented download through a 302 is streamed from the
// storage host, which gets none of the request.
func TestTarball(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		proceed := make(chan struct{})
		w.other.script(func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Content-Disposition", `attachment; filename="../../acme-site.tar.gz"`)
			rw.Header().Set("Content-Type", "application/x-gzip")
			_, _ = io.WriteString(rw, "first half ")
			_ = http.NewResponseController(rw).Flush()
			select {
			case <-proceed:
			case <-r.Context().Done():
			}
			_, _ = io.WriteString(rw, "second half")
		})
		w.provider.script(reply(302, "", "", "Location", w.other.URL+"/tar.gz?signature=abc"))
		d, err := w.github(api.WithHeader("X-Own", "own")).Repos.DownloadTarballArchive(w.ctx(), "acme", "site", "feature/x")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		first := make([]byte, len("first half "))
		if _, err := io.ReadFull(d, first); err != nil {
			t.Fatalf("the download is not streamed: %v", err)
		}
		close(proceed)
		rest, err := io.ReadAll(d)
		if err != nil || string(first)+string(rest) != "first half second half" || d.Filename != "acme-site.tar.gz" {
			t.Errorf("%q%q as %q: %v", first, rest, d.Filename, err)
		}
		checkStranger(t, w.other, 1)
		if r := w.other.requests()[0]; r.URL.RawQuery != "signature=abc" {
			t.Errorf("query %q", r.URL.RawQuery)
		}
		if r := w.provider.requests()[0]; r.URL.Path != "/repos/acme/site/tarball/feature/x" {
			t.Errorf("path %q", r.URL.Path)
		}
		checkDelivery(t, w.provider, plainToken)
	})
}

// TestTarballThatFails: the storage host's refusals are errors of the call, and
// its own redirects are not followed.
func TestTarballThatFails(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		w.provider.script(reply(302, "", "", "Location", w.other.URL+"/tar"))
		for name, answer := range map[string]http.HandlerFunc{
			"403": reply(403, "application/xml", "<Error/>"), "404": reply(404, "", ""), "redirect": reply(302, "", "", "Location", w.provider.URL+"/back"),
		} {
			w.other.script(answer)
			before := len(w.provider.requests())
			d, err := w.github().Repos.DownloadTarballArchive(w.ctx(), "acme", "site", "main")
			if _, ok := errors.AsType[*api.Error](err); !ok || d != nil || len(w.provider.requests()) != before+1 {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.other.script(short(200, "application/x-gzip", "half"))
		d, err := w.github().Repos.DownloadTarballArchive(w.ctx(), "acme", "site", "main")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(d); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("a download that was cut off: %v", err)
		}
		_ = d.Close()
	})
}

// TestRedirectFollowedByOthers: an http.Client that follows redirects by itself
// does not take the credential along either.
func TestRedirectFollowedByOthers(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		naive := &http.Client{Transport: w.agent.Transport(vault.Grant(w.grant))}
		for _, status := range []int{301, 302, 303, 307, 308} {
			w.other.script(reply(200, jsonType, `{}`))
			w.provider.script(reply(status, "", "", "Location", w.other.URL+"/x"))
			req, err := http.NewRequestWithContext(w.ctx(), http.MethodGet, w.provider.URL+"/user", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := naive.Do(req)
			if err == nil {
				_ = resp.Body.Close()
			}
			if !errors.Is(err, vault.ErrBlockedDestination) {
				t.Errorf("%d: %v", status, err)
			}
			checkStranger(t, w.other, 0)
		}
		// A hop through a second address of the provider must not launder the host.
		w.provider.script(reply(302, "", "", "Location", w.provider.named("localhost")+"/x"))
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, w.provider.URL+"/user", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := naive.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		if !errors.Is(err, vault.ErrBlockedDestination) || len(w.provider.requests()) != 1 {
			t.Errorf("%d requests: %v", len(w.provider.requests()), err)
		}
	})
}
