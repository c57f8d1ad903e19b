package fetch

import (
	"net/http"
	"net/url"
	"testing"
)

// The registry's credential follows a redirect to the same host, and to no other.
func TestRedirectKeepsCredentialsAtHome(t *testing.T) {
	first := &http.Request{URL: &url.URL{Scheme: "https", Host: "registry.example"}}
	for host, kept := range map[string]bool{"registry.example": true, "cdn.registry.example": false, "elsewhere.example": false, "registry.example:444": false} {
		r := &http.Request{URL: &url.URL{Scheme: "https", Host: host}, Header: http.Header{"Authorization": {"Bearer test-secret"}}}
		if err := checkRedirect(r, []*http.Request{first}); err != nil {
			t.Fatal(err)
		}
		if (r.Header.Get("Authorization") != "") != kept {
			t.Errorf("%s: credential sent %v, want %v", host, !kept, kept)
		}
	}
	if err := checkRedirect(&http.Request{URL: &url.URL{Scheme: "http", Host: "registry.example"}}, []*http.Request{first}); err == nil {
		t.Error("a redirect from https to http was followed")
	}
}
