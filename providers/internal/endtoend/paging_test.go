package endtoend_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/providers/slack"
	"github.com/grantwire/grantwire/runtime/api"
)

// cursorPages answers with pages of two conversations.
func cursorPages(pages int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Query().Get("cursor"), "page="))
		next := ""
		if page+1 < pages {
			next = fmt.Sprintf("page=%d", page+1)
		}
		reply(200, jsonType, fmt.Sprintf(`{"ok":true,"channels":[{"id":"C%d"},{"id":"C%d"}],"response_metadata":{"next_cursor":%q}}`, 2*page, 2*page+1, next))(w, r)
	}
}

// linkPages answers with pages of two repositories, linked under base.
func linkPages(base string, pages int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		page = max(page, 1)
		if page < pages {
			w.Header().Add("Link", fmt.Sprintf(`<%s/user/repos?page=%d&per_page=2>; rel="next", <%s/user/repos?page=%d>; rel="last"`, base, page+1, base, pages))
		}
		reply(200, jsonType, fmt.Sprintf(`[{"id":%d},{"id":%d}]`, 2*page-1, 2*page))(w, r)
	}
}

func TestGitHubPages(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		w.provider.script(linkPages(w.provider.URL, 3))
		var ids []int64
		for repo, err := range w.github().ListReposAll(w.ctx(), &github.ListReposParams{Sort: "pushed", PerPage: new(int64(2))}) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, repo.ID)
		}
		if fmt.Sprint(ids) != "[1 2 3 4 5 6]" || len(w.provider.requests()) != 3 {
			t.Errorf("%v in %d requests", ids, len(w.provider.requests()))
		}
		checkDelivery(t, w.provider, plainToken)
		w.provider.script(linkPages(w.provider.URL, 3))
		for range w.github().ListReposAll(w.ctx(), nil) {
			break
		}
		if n := len(w.provider.requests()); n != 1 {
			t.Errorf("%d requests after a break on the first item", n)
		}
		w.checkTrailComplete(t)
	})
}

// TestGitHubPagesElsewhere: a next link to another place ends the walk.
func TestGitHubPagesElsewhere(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		for name, base := range map[string]string{
			"other port": w.other.URL, "other name": w.provider.named("localhost"), "other scheme": strings.Replace(w.provider.URL, "http:", "https:", 1),
			"user-info": strings.Replace(w.provider.URL, "//", "//x:y@", 1), "no URL": "http://[::1", "protocol-relative": strings.TrimPrefix(w.other.URL, "http:"),
		} {
			w.provider.script(linkPages(base, 3))
			w.other.script(reply(200, jsonType, `[]`))
			items, last := 0, error(nil)
			for _, err := range w.github().ListReposAll(w.ctx(), nil) {
				if last = err; err == nil {
					items++
				}
			}
			if last == nil || len(w.other.requests()) != 0 || len(w.provider.requests()) != 1 {
				t.Errorf("%s: %d items, %d requests elsewhere: %v", name, items, len(w.other.requests()), last)
			}
		}
	})
}

func TestSlackPages(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		w.provider.script(cursorPages(3))
		var ids []string
		for c, err := range w.slack().ListConversationsAll(w.ctx(), &slack.ListConversationsParams{Limit: new(int64(2))}) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, c.ID)
		}
		if fmt.Sprint(ids) != "[C0 C1 C2 C3 C4 C5]" || len(w.provider.requests()) != 3 {
			t.Errorf("%v in %d requests", ids, len(w.provider.requests()))
		}
		for i, r := range w.provider.requests() {
			if q := r.URL.Query(); q.Get("limit") != "2" || i > 0 && q.Get("cursor") != fmt.Sprintf("page=%d", i) {
				t.Errorf("request %d: %v", i, q)
			}
		}
		checkDelivery(t, w.provider, plainToken)
	})
}

// TestPagesThatFail: the error of a later page comes after the items of the
// earlier ones, and nothing after it.
func TestPagesThatFail(t *testing.T) {
	t.Parallel()
	endless := func(rw http.ResponseWriter, r *http.Request) {
		reply(200, jsonType, `{"ok":true,"channels":[{"id":"C"}],"response_metadata":{"next_cursor":"same"}}`)(rw, r)
	}
	late := func(f http.HandlerFunc) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("cursor") == "" {
				cursorPages(2)(rw, r)
				return
			}
			f(rw, r)
		}
	}
	eachSetting(t, func(t *testing.T, w *world) {
		for name, answer := range map[string]http.HandlerFunc{
			"ok false": late(reply(200, jsonType, `{"ok":false,"error":"ratelimited"}`)), "500": late(reply(500, "text/html", "<b>")),
			"text": late(reply(200, "text/plain", "x")), "cut": late(short(200, jsonType, `{"ok":true`)), "same cursor": endless,
			"items that do not fit": late(reply(200, jsonType, `{"ok":true,"channels":{"id":1}}`)),
		} {
			w.provider.script(answer)
			items, faults := 0, 0
			for _, err := range w.slack().ListConversationsAll(w.ctx(), nil) {
				if err != nil {
					faults++
				} else if items++; faults > 0 {
					t.Errorf("%s: an item after the error", name)
				}
			}
			if n := len(w.provider.requests()); faults != 1 || n != 2 {
				t.Errorf("%s: %d items, %d errors, %d requests", name, items, faults, n)
			}
		}
	})
}

// TestLastPageFacts: WithResponse tells about the page that was fetched last.
func TestLastPageFacts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	w.provider.script(linkPages(w.provider.URL, 2))
	var facts api.Response
	for _, err := range w.github().ListReposAll(w.ctx(), nil, api.WithResponse(&facts)) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if facts.Status != 200 || facts.Header.Get("Link") != "" {
		t.Errorf("%v, Link %q", facts, facts.Header.Get("Link"))
	}
}
