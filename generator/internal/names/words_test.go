package names

import (
	"go/token"
	"slices"
	"strings"
	"testing"
)

func TestExported(t *testing.T) {
	s := NewSpeller("GitHub", "TS")
	for text, want := range map[string]string{
		"repos/list-for-org":      "ReposListForOrg",
		"chat.postMessage":        "ChatPostMessage",
		"node_id":                 "NodeID",
		"html_url":                "HTMLURL",
		"HTTPServer":              "HTTPServer",
		"userIDs":                 "UserIDs",
		"selected_repository_ids": "SelectedRepositoryIDs",
		"ApIsOf":                  "ApIsOf",
		"APIs":                    "APIs",
		"listURLs":                "ListURLs",
		"PRs of SKUs":             "PRsOfSKUs",
		"+1":                      "Plus1",
		"-1":                      "Minus1",
		"2fa":                     "N2fa",
		"StartTime<":              "StartTimeLess",
		"StartTime>":              "StartTimeGreater",
		"@timestamp":              "Timestamp",
		"_links":                  "Links",
		"projects-v2":             "ProjectsV2",
		"*":                       "Star",
		"github-owned":            "GitHubOwned",
		"thread_ts":               "ThreadTS",
		"日本":                      "U65e5U672c",
		"ASC":                     "Asc",
		"":                        "",
		"--":                      "",
	} {
		if got := s.Exported(text); got != want {
			t.Errorf("Exported(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestUnexported(t *testing.T) {
	s := NewSpeller()
	for text, want := range map[string]string{
		"issue_number": "issueNumber", "ID": "id", "org": "org", "repoID": "repoID",
		"type": "typ", "ctx": "context", "opts": "options", "2fa": "n2fa", "": "value", "s": "sValue",
	} {
		if got := s.Unexported(text); got != want {
			t.Errorf("Unexported(%q) = %q, want %q", text, got, want)
		}
	}
}

// For any text, the result is a valid identifier of the right kind, the same every
// time, and naming a name again changes nothing that matters: it stays valid.
func FuzzSpeller(f *testing.F) {
	for _, seed := range []string{"repos/list-for-org", "+1", "日本 x", "a_b-c.D", "HTTPServerID", "\x00\xff", "ǅ", "ids"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := NewSpeller()
		name := s.Exported(text)
		if name != "" && (!token.IsIdentifier(name) || !token.IsExported(name)) {
			t.Errorf("Exported(%q) = %q is no exported identifier", text, name)
		}
		if strings.ContainsFunc(name, func(r rune) bool { return r > 127 }) {
			t.Errorf("Exported(%q) = %q leaves ASCII", text, name)
		}
		arg := s.Unexported(text)
		if !token.IsIdentifier(arg) || token.IsExported(arg) {
			t.Errorf("Unexported(%q) = %q is no argument name", text, arg)
		}
		if again := NewSpeller().Exported(text); again != name {
			t.Errorf("Exported(%q) gave %q, then %q", text, name, again)
		}
		if words := Words(name); name != "" && !slices.Equal(words, Words(strings.Join(words, "_"))) && name[0] != 'N' {
			t.Errorf("splitting %q is not stable: %q", name, words)
		}
	})
}
