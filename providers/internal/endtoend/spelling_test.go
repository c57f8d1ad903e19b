package endtoend_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// TestEchoedSpellings: SECURITY.md says in which spellings an echoed credential
// is found, and both modes find the same ones.
func TestEchoedSpellings(t *testing.T) {
	t.Parallel()
	for _, s := range settings() {
		if s.socket {
			continue // it changes nothing about spellings
		}
		for kind, token := range tokens(s) {
			forms := spellings(token)
			for _, name := range []string{"lower case", "quoted", "Go bytes", "Go syntax"} {
				delete(forms, name) // how Go prints it, not how providers echo it
			}
			t.Run(s.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, plan{setting: s, credential: local.Credential{Token: token}})
				for _, name := range slices.Sorted(maps.Keys(forms)) {
					t.Run(name, func(t *testing.T) {
						w.checkSpelling(newHunt(t, map[string]string{"credential": token}), name, forms[name])
					})
				}
			})
		}
	}
}

func (w *world) checkSpelling(h *hunt, name, form string) {
	inside := form
	if !strings.HasPrefix(name, "JSON") {
		inside = trimQuotes(marshal(form))
	}
	if name == "XML" && inside != form {
		inside = "" // two escapes on top of each other are not promised
	}
	message := `{"ok":false,"error":"` + inside + `","message":"` + inside + `"}`
	for _, e := range []echo{
		{answer: reply(401, jsonType, message, "X-Echo", form)},
		{answer: reply(200, "text/plain", form)},
	} {
		w.provider.script(e.answer)
		w.callAll(h, e)
	}
}

// TestEchoedHeaderName: net/http writes header names in its own case, in which
// the credential has to be found too.
func TestEchoedHeaderName(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		h := newHunt(t, map[string]string{"credential": plainToken})
		e := echo{answer: reply(401, jsonType, "{}", "X-"+plainToken, "1", plainToken, "2")}
		w.provider.script(e.answer)
		w.callAll(h, e)
	})
}

// TestEchoedCredentialInRedirect: where the provider puts the credential into
// the address of a download, the other host does not get it.
func TestEchoedCredentialInRedirect(t *testing.T) {
	t.Parallel()
	for _, s := range settings() {
		for name, token := range tokens(s) {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, plan{setting: s, credential: local.Credential{Token: token}})
				h := newHunt(t, map[string]string{"credential": token})
				for _, form := range echoed(token) {
					w.provider.script(reply(302, "", "", "Location", w.other.URL+"/"+form+"?t="+form+"#"+form))
					w.other.script(reply(200, "text/plain", "content"))
					d, err := w.github().Repos.DownloadTarballArchive(w.ctx(), "acme", "site", "main")
					if err == nil {
						_ = d.Close()
					}
					h.outcome("download", d, err, api.Response{})
					for _, r := range w.other.requests() {
						h.text("request to the other host", dump(r))
					}
				}
				w.huntRest(h)
			})
		}
	}
}
