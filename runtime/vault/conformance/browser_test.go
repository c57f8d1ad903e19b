package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var (
	formTag   = regexp.MustCompile(`(?is)<form\b([^>]*)>(.*?)(</form>|$)`)
	fieldTag  = regexp.MustCompile(`(?is)<input\b([^>]*)>`)
	buttonTag = regexp.MustCompile(`(?is)<button\b([^>]*)>`)
	attribute = regexp.MustCompile(`(?s)([a-z-]+)\s*=\s*"([^"]*)"`)
)

func attributes(s string) map[string]string {
	out := map[string]string{}
	for _, m := range attribute.FindAllStringSubmatch(s, -1) {
		out[m[1]] = strings.NewReplacer("&amp;", "&", "&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">", "&#43;", "+").Replace(m[2])
	}
	return out
}

// toVault sends what is for the vault over its own transport.
type toVault struct {
	base  string
	vault http.RoundTripper
}

func (r toVault) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasPrefix(req.URL.String(), r.base+"/") && r.vault != nil {
		if h, ok := r.vault.(http.Handler); ok { // in the process: pages are not under /sdk/
			return serveInMemory(h, req)
		}
		return r.vault.RoundTrip(req)
	}
	if host := req.URL.Hostname(); host != "127.0.0.1" && host != "localhost" && host != "::1" {
		return nil, errors.New("a page leads away from this machine: " + host)
	}
	return http.DefaultTransport.RoundTrip(req)
}

// visit opens a page and presses the first button that agrees, until a page has none.
func visit(ctx context.Context, address, base string, vault http.RoundTripper) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: toVault{base, vault}, Jar: jar}
	method, form := http.MethodGet, url.Values(nil)
	for range 20 {
		req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
		if err != nil {
			return err
		}
		if method == http.MethodPost {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		page, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			return err
		}
		if resp.StatusCode >= 400 {
			return fmt.Errorf("%s answers %d: %.200s", resp.Request.URL.Path, resp.StatusCode, page)
		}
		next, values, ok := agree(string(page))
		if !ok {
			return nil
		}
		to, err := resp.Request.URL.Parse(next)
		if err != nil {
			return err
		}
		method, address, form = http.MethodPost, to.String(), values
	}
	return errors.New("the pages do not end")
}

// agree finds the button that goes on, and what its form sends.
func agree(page string) (action string, values url.Values, ok bool) {
	for _, f := range formTag.FindAllStringSubmatch(page, -1) {
		for _, b := range buttonTag.FindAllStringSubmatch(f[2], -1) {
			a := attributes(b[1])
			values = url.Values{}
			for _, in := range fieldTag.FindAllStringSubmatch(f[2], -1) {
				if field := attributes(in[1]); field["name"] != "" {
					values.Add(field["name"], field["value"])
				}
			}
			if refuses(a["name"] + " " + a["value"] + " " + a["formaction"] + " " + values.Get("action")) {
				continue
			}
			if a["name"] != "" {
				values.Set(a["name"], a["value"])
			}
			action = attributes(f[1])["action"]
			if a["formaction"] != "" {
				action = a["formaction"]
			}
			return action, values, true
		}
	}
	return "", nil, false
}

func refuses(words string) bool {
	return slices.ContainsFunc([]string{"deny", "decline", "cancel", "reject"}, func(w string) bool { return strings.Contains(strings.ToLower(words), w) })
}
