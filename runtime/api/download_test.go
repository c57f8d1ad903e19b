package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/api"
)

var opArchive = api.Operation{Provider: hub, ID: "archive", Method: "GET", Path: "/archive/{ref}", Access: api.Read,
	Result: api.Stream, Redirect: true}

func fetch(ctx context.Context, c *api.Client, opts ...api.CallOption) (*api.Download, error) {
	var out *api.Download
	err := c.Do(ctx, &opArchive, api.Args{Path: []any{"main"}}, &out, opts...)
	return out, err
}

func TestDownload(t *testing.T) {
	c := client(t, hub, always(200, "application/zip", "content", "Content-Disposition", `attachment; filename="../../etc/x.zip"`))
	d, err := fetch(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(d)
	if string(b) != "content" || err != nil || d.ContentType != "application/zip" || d.Length != 7 || d.Filename != "x.zip" {
		t.Errorf("%q %v %+v", b, err, d)
	}
	for range 2 {
		if err := d.Close(); err != nil {
			t.Error("closing twice fails", err)
		}
	}
}

func TestDownloadFilename(t *testing.T) {
	for header, want := range map[string]string{
		"": "", "attachment": "", `attachment; filename=".."`: "", `attachment; filename="/"`: "", `attachment; filename="a\\b\\c.txt"`: "c.txt",
		`attachment; filename*=UTF-8''%e2%82%ac.txt`: "€.txt", `attachment; filename="a;b"`: "a;b", "attachment; filename=a b": "",
	} {
		d, err := fetch(t.Context(), client(t, hub, always(200, "", "", "Content-Disposition", header)))
		if err != nil || d.Filename != want {
			t.Errorf("%s: %q %v", header, d.Filename, err)
		}
	}
}

func TestDownloadErrorIsTyped(t *testing.T) {
	d, err := fetch(t.Context(), client(t, hub, always(404, jsonType, `{"message":"no"}`)))
	if d != nil || !errors.Is(err, api.ErrNotFound) {
		t.Error(d, err)
	}
	var wrong string
	err = client(t, hub, always(200, "", "x")).Do(t.Context(), &opArchive, api.Args{Path: []any{"r"}}, &wrong)
	if _, ok := errors.AsType[*api.DecodeError](err); !ok {
		t.Error(err)
	}
}

func TestWithStream(t *testing.T) {
	var accept string
	c := client(t, hub, func(r *http.Request) (*http.Response, error) {
		accept = r.Header.Get("Accept")
		return answer(200, "text/plain", "raw"), nil
	})
	var d *api.Download
	out, err := get(t.Context(), c, api.WithStream("application/vnd.hub.raw", &d))
	if err != nil || out != nil || d == nil || accept != "application/vnd.hub.raw" {
		t.Fatal(out, err, d, accept)
	}
	if b, _ := io.ReadAll(d); string(b) != "raw" {
		t.Error(string(b))
	}
	d2 := d
	if _, err := get(t.Context(), client(t, hub, always(404, "", "")), api.WithStream("", &d2)); err == nil || d2 != nil {
		t.Error(err, d2)
	}
}

// endless is a body that only Close can end, as a transport's that forgot the context.
type endless struct {
	closed chan struct{}
	first  atomic.Bool
}

func (e *endless) Read(p []byte) (int, error) {
	if e.first.CompareAndSwap(false, true) {
		return copy(p, "x"), nil
	}
	<-e.closed
	return 0, io.ErrClosedPipe
}

func (e *endless) Close() error { close(e.closed); return nil }

func TestDownloadEndsWithItsContext(t *testing.T) {
	body := &endless{closed: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	d, err := fetch(ctx, client(t, hub, func(*http.Request) (*http.Response, error) {
		r := answer(200, "", "")
		r.Body = body
		return r, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := io.Copy(io.Discard, d); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := d.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	_ = d.Close()
}

func TestDownloadIsNotBuffered(t *testing.T) {
	asked := make(chan struct{})
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "first")
		_ = http.NewResponseController(w).Flush()
		<-asked // the rest exists only after the first part was read
		_, _ = io.WriteString(w, "second")
	})
	d, err := fetch(t.Context(), api.NewClient(nil, hub, api.WithBaseURL(base), api.WithMaxResponseBytes(3)))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	b := make([]byte, 5)
	if _, err := io.ReadFull(d, b); err != nil || string(b) != "first" || d.Length != -1 {
		t.Fatal(string(b), err, d.Length)
	}
	close(asked)
	if rest, err := io.ReadAll(d); string(rest) != "second" || err != nil {
		t.Error(string(rest), err)
	}
}

// plainer is a transport that injects a credential and offers one that does not.
type plainer struct{ inject, plain transport }

func (p plainer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer test-secret-5")
	return p.inject(r)
}

func (p plainer) PlainTransport() http.RoundTripper { return p.plain }

func TestDownloadFromAnotherHostCarriesNothing(t *testing.T) {
	var got *http.Request
	var provider http.Header
	plain := transport(func(r *http.Request) (*http.Response, error) {
		got = r
		return answer(200, "application/zip", "zip"), nil
	})
	hc := &http.Client{Transport: plainer{inject: func(r *http.Request) (*http.Response, error) {
		provider = r.Header
		return answer(302, "", "", "Location", "https://cdn.example/x?sig=1", "Set-Cookie", "a=b"), nil
	}, plain: plain}}
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "trace")
	c := api.NewClient(hc, hub, api.WithHeader("X-Own", "test-secret-6"), api.WithHeader("Traceparent", "00-1"))
	d, err := fetch(ctx, c, api.WithIdempotencyKey("test-secret-7"))
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := io.ReadAll(d); string(b) != "zip" {
		t.Error(string(b))
	}
	if provider.Get("Authorization") == "" || provider.Get("X-Own") == "" {
		t.Error("the provider did not get the headers", provider)
	}
	if d := cmp.Diff(http.Header{}, got.Header); d != "" || got.URL.String() != "https://cdn.example/x?sig=1" {
		t.Error(d, got.URL)
	}
	if got.Context().Value(key{}) != nil {
		t.Error("a value of the context followed the redirect")
	}
	if _, ok := api.CallFromContext(got.Context()); ok {
		t.Error("the call followed the redirect")
	}
}

func TestDownloadTransportOption(t *testing.T) {
	c := client(t, hub, always(302, "", "", "Location", "https://cdn.example/x"),
		api.WithDownloadTransport(always(200, "", "chosen")))
	d, err := fetch(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := io.ReadAll(d); string(b) != "chosen" {
		t.Error(string(b))
	}
}

// TestRefusedHostsAreNotDialled replaces the dialer: nothing outside loopback may
// be reached by a test, and nothing refused by the runtime.
func TestRefusedHostsAreNotDialled(t *testing.T) {
	for name, test := range map[string]struct {
		location string
		op       api.Operation
	}{
		"json to another host": {"http://cdn.example/x", opGet},
		"undocumented":         {"/elsewhere", func() api.Operation { o := opGet; o.Redirect = false; return o }()},
		"write":                {"/elsewhere", func() api.Operation { o := opGet; o.Method = "POST"; return o }()},
		"no location":          {"", opGet},
		"user in location":     {"http://u:p@cdn.example/x", opArchive},
		"file":                 {"file:///etc/passwd", opArchive},
		"ftp":                  {"ftp://cdn.example/x", opArchive},
	} {
		t.Run(name, func(t *testing.T) {
			hits := 0
			base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				hits++
				w.Header().Set("Location", test.location)
				w.WriteHeader(302)
			})
			var dialled []string
			tr := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				if addr != base.Host {
					dialled = append(dialled, addr)
					return nil, errors.New("refused by the test")
				}
				return new(net.Dialer).DialContext(ctx, network, addr)
			}}
			defer tr.CloseIdleConnections()
			c := api.NewClient(&http.Client{Transport: tr}, hub, api.WithBaseURL(base))
			path := ownerRepo
			if test.op.Path == opArchive.Path {
				path = []any{"main"}
			}
			var result *repository
			var file *api.Download
			var out any = &result
			if test.op.Result == api.Stream {
				out = &file
			}
			err := c.Do(t.Context(), &test.op, api.Args{Path: path}, out)
			e, ok := errors.AsType[*api.Error](err)
			if !ok || e.Status != 302 || hits != 1 || dialled != nil {
				t.Error(err, hits, dialled)
			}
			if strings.Contains(fmt.Sprint(err), "cdn.example") {
				t.Error("the location leaks", err)
			}
		})
	}
}

func TestMalformedLocation(t *testing.T) {
	_, err := fetch(t.Context(), client(t, hub, always(302, "", "", "Location", "http://[test-secret-8")))
	if _, ok := errors.AsType[*api.TransportError](err); !ok || strings.Contains(err.Error(), "test-secret") {
		t.Error(err)
	}
}

func TestHTTPSDoesNotFallBackToHTTP(t *testing.T) {
	for location, refused := range map[string]bool{"http://cdn.example/": true, "http://127.0.0.1/": false, "http://localhost/": false, "http://[::1]/": false} {
		c := client(t, hub, always(302, "", "", "Location", location), api.WithDownloadTransport(always(200, "", "x")))
		_, err := fetch(t.Context(), c)
		if (err != nil) != refused {
			t.Error(location, err)
		}
	}
}

func TestRedirectOnTheSameHost(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		var asked []string
		c := client(t, hub, func(r *http.Request) (*http.Response, error) {
			asked = append(asked, r.URL.Path+" "+r.Header.Get("Accept")+r.Header.Get("X-Own"))
			if r.URL.Path != "/repositories/1" {
				return answer(status, "", "", "Location", "https://API.hub.example/repositories/1"), nil
			}
			if _, ok := api.CallFromContext(r.Context()); !ok {
				t.Error("the second request lost the call")
			}
			return answer(200, jsonType, `{"id":1}`), nil
		}, api.WithHeader("X-Own", "1"))
		got, err := get(t.Context(), c)
		if err != nil || got.ID != 1 || len(asked) != 2 || asked[1] != "/repositories/1 application/vnd.hub+json1" {
			t.Error(status, err, asked)
		}
	}
}

func TestRedirectIsFollowedOnce(t *testing.T) {
	n := 0
	c := client(t, hub, flaky(&n, always(302, "", "", "Location", "/again")))
	_, err := get(t.Context(), c)
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Status != 302 || n != 2 {
		t.Error(err, n)
	}
}
