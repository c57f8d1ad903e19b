package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDiff: text and JSON, and an exit status as diff has it.
func TestDiff(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "old.yaml", goodSpec)
	put(t, "new.yaml", strings.Replace(goodSpec, "operationId: listPets\n      tags: [pets]", "operationId: listPets\n      deprecated: true\n      tags: [pets]", 1))
	put(t, "less.yaml", strings.Replace(goodSpec, ", born: {type: string, format: date-time}", "", 1))
	put(t, "bad.yaml", "swagger: 9\n")
	for _, test := range []struct {
		now, want string
		code      int
	}{
		{"new.yaml", "wire: deprecated: Pets.ListPets (listPets, new.yaml#/paths/~1pets/get)\nbreaks 0, adds 0, wire only 1\n", 0},
		{"less.yaml", "breaks: removed: Pet.Born: *api.Time (listPets, old.yaml#/components/schemas/Pet)\nbreaks 1, adds 0, wire only 0\n", 1},
	} {
		code, stdout, stderr := grantgen(t, "diff", "old.yaml", test.now)
		if diff := cmp.Diff(test.want, stdout); code != test.code || stderr != "" || diff != "" {
			t.Errorf("exit %d\n%s%s", code, diff, stderr)
		}
	}
	code, stdout, _ := grantgen(t, "diff", "--json", "old.yaml", "less.yaml")
	var got struct {
		Breaks, Adds, Wire int
		Changes            []map[string]string
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != 1 || got.Breaks != 1 || len(got.Changes) != 1 {
		t.Fatalf("exit %d, %v\n%s", code, err, stdout)
	}
	if diff := cmp.Diff(map[string]string{
		"group": "breaks", "kind": "removed", "name": "Pet.Born", "old": "*api.Time",
		"operation": "listPets", "document": "old.yaml", "pointer": "/components/schemas/Pet",
	}, got.Changes[0]); diff != "" {
		t.Error(diff)
	}
	if _, stdout, _ := grantgen(t, "diff", "--json", "old.yaml", "old.yaml"); !strings.Contains(stdout, `"changes": []`) {
		t.Errorf("no change in JSON:\n%s", stdout)
	}
	for args, want := range map[string]string{
		"diff old.yaml":                           "name two documents, OLD and NEW",
		"diff old.yaml bad.yaml":                  "error: bad.yaml#/swagger: unsupported-version",
		"diff old.yaml gone.yaml":                 "error: gone.yaml: read-failed",
		"diff old.yaml new.yaml --config gone":    "error: gone: read-failed: no such file or directory",
		"diff old.yaml new.yaml --names gone":     "error: gone: read-failed",
		"diff old.yaml http://example.com/a.json": "http is not fetched",
		"diff git:old.yaml new.yaml":              "error: git:old.yaml: read-failed: write git:REVISION:PATH",
		"diff git:--help:old.yaml new.yaml":       "write git:REVISION:PATH",
		"diff --provider acme HEAD --config c":    "a provider has them in specs",
		"diff --provider acme HEAD":               "there is no specs/acme/provider.yaml",
	} {
		code, stdout, stderr := grantgen(t, strings.Fields(args)...)
		if code != 2 || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d\n%s%s", args, code, stdout, stderr)
		}
	}
}

// TestDiffPackages: an API in several packages. An operation that moves to another
// resource, and a type that another resource's operations need, are imported from
// elsewhere; what stays is compared as in one package.
func TestDiffPackages(t *testing.T) {
	split := filepath.Join("..", "..", "testdata", "cases", "split")
	dir := t.TempDir()
	old, err := os.ReadFile(filepath.Join(split, "spec.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(old)
	for _, change := range [][2]string{
		{"  /users/{id}/x.sendMail:", "  /mails/{id}/x.sendMail:"},
		{"  /files/{id}:", `  /files/{id}/note:
    get: {operationId: files.file.GetNote, parameters: [{name: id, in: path, required: true, schema: {type: string}}], responses: {"200": {description: "", content: {application/json: {schema: {$ref: "#/components/schemas/x.note"}}}}}}
  /files/{id}:`},
		{"url: {type: string, nullable: true}", "url: {type: string}"},
		{"    patch: {operationId: teams.team.UpdateTeam, ", "    patch: {operationId: teams.team.UpdateTeam, deprecated: true, "},
		{"x.report: {type: object, properties: {", "x.report: {type: object, properties: {by: {type: string}, "},
	} {
		if !strings.Contains(text, change[0]) {
			t.Fatalf("the fixture has no %q", change[0])
		}
		text = strings.Replace(text, change[0], change[1], 1)
	}
	put(t, filepath.Join(dir, "new.yaml"), text)
	code, stdout, stderr := grantgen(t, "diff", filepath.Join(split, "spec.yaml"), filepath.Join(dir, "new.yaml"),
		"--config", filepath.Join(split, "provider.yaml"), "--names", filepath.Join(split, "names.txt"))
	// The note holds a user, and files need it now: both move to where files find them.
	want := `breaks: retyped: models/state.Picture.URL: api.Nullable[string] -> *string (files.file.GetFile)
breaks: renamed: models/team.Team -> models/state.Team (teams.team.GetTeam)
breaks: renamed: models/team.User -> models/state.User (teams.ListMembers)
breaks: renamed: users.Note -> models/state.Note (files.file.GetNote)
breaks: renamed: users.Users.SendMail -> mails.Mails.SendMail (users.user.sendMail)
breaks: renamed: users.UsersSendMailRequest -> mails.UsersSendMailRequest (users.user.sendMail)
adds: added: archive.Client.Note: *archive.NoteService (files.file.GetNote)
adds: added: archive.Note.GetNote: func(ctx context.Context, id string, opts ...api.CallOption) (*state.Note, error) (files.file.GetNote)
adds: added: archive.NoteService: type struct (files.file.GetNote)
adds: added: internalapi.Report.By: *string (internalState)
adds: added: mails.Client: type struct
adds: added: mails.Client.Mails: *mails.MailsService (users.user.sendMail)
adds: added: mails.MailsService: type struct (users.user.sendMail)
adds: added: mails.New: func(hc *http.Client, opts ...api.ClientOption) *mails.Client
adds: added: mails.Operations: func() []api.Operation
wire: deprecated: teams.Teams.UpdateTeam (teams.team.UpdateTeam)
wire: path: users.Users.SendMail: /users/{id}/x.sendMail -> /mails/{id}/x.sendMail (users.user.sendMail)
breaks 6, adds 9, wire only 2
`
	place := regexp.MustCompile(`(, | \()[^ ,()]*new\.yaml[^)]*\)`)
	got := place.ReplaceAllStringFunc(stdout, func(m string) string {
		if m[0] == ',' {
			return ")"
		}
		return ""
	})
	if diff := cmp.Diff(want, got); code != 1 || stderr != "" || diff != "" {
		t.Errorf("exit %d\n%s%s", code, diff, stderr)
	}
}

// TestDiffNames: the names that callers have are kept, so that a document which
// calls an operation otherwise breaks nothing; a list that renames breaks.
func TestDiffNames(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "old.yaml", goodSpec)
	put(t, "new.yaml", strings.Replace(goodSpec, "operationId: getPet", "operationId: fetchOnePet", 1))
	put(t, "conf.yaml", "flat: {GetPet: getPet}\n")
	put(t, "new-conf.yaml", "flat: {GetPet: fetchOnePet}\n")
	if code, _, stderr := grantgen(t, "--spec", "old.yaml", "-o", "out", "--package", "pets", "--names", "names"); code != 0 {
		t.Fatal(stderr)
	}
	put(t, "new-names", strings.Replace(snapshot(t)["names"], "Pets.GetPet\t", "Pets.Fetch\t", 1))
	const none = "breaks 0, adds 0, wire only 0\n"
	for args, want := range map[string]string{
		"old.yaml new.yaml":                                               none,
		"old.yaml new.yaml --names names":                                 none,
		"old.yaml new.yaml --names names --new-names new-names":           "breaks: renamed: Pets.GetPet -> Pets.Fetch (fetchOnePet, new.yaml#/paths/~1pets~1{id}/get)\nbreaks 1, adds 0, wire only 0\n",
		"old.yaml new.yaml --config conf.yaml --new-config new-conf.yaml": none,
	} {
		code, stdout, stderr := grantgen(t, append([]string{"diff"}, strings.Fields(args)...)...)
		if (want == none) != (code == 0) || stdout != want || stderr != "" {
			t.Errorf("%s: exit %d\n%s%s", args, code, stdout, stderr)
		}
	}
}

// TestDiffGit compares with what git holds, a document of several files too.
func TestDiffGit(t *testing.T) {
	t.Chdir(t.TempDir())
	whole, schemas, _ := strings.Cut(goodSpec, "components:\n  schemas:\n    Pet: ")
	put(t, "specs/acme/openapi.json", strings.ReplaceAll(whole, "#/components/schemas/Pet", "pet.yaml"))
	put(t, "specs/acme/pet.yaml", schemas)
	put(t, "specs/acme/provider.yaml", "name: acme\n")
	if code, _, stderr := grantgen(t, "--provider", "acme", "-o", "out", "--names", "specs/acme/names.txt"); code != 0 {
		t.Fatal(stderr)
	}
	for _, args := range [][]string{
		{"init", "-q"},
		{"add", "specs"},
		{"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "one"},
	} {
		if out, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	put(t, "specs/acme/pet.yaml", strings.Replace(schemas, "born", "hatched", 1))
	for _, args := range [][]string{
		{"diff", "--provider", "acme", "HEAD"},
		{"diff", "git:HEAD:specs/acme/openapi.json", "specs/acme/openapi.json", "--config", "git:HEAD:specs/acme/provider.yaml", "--names", "git:HEAD:specs/acme/names.txt"},
	} {
		code, stdout, stderr := grantgen(t, args...)
		if code != 1 || !strings.HasPrefix(stdout, "breaks: removed: Pet.Born: ") || !strings.HasSuffix(stdout, "breaks 1, adds 1, wire only 0\n") || stderr != "" {
			t.Errorf("%v: exit %d\n%s%s", args, code, stdout, stderr)
		}
	}
	t.Chdir("specs")
	for _, args := range [][]string{
		{"diff", "--provider", "acme", "HEAD"},
		{"diff", "git:HEAD:./acme/openapi.json", "acme/openapi.json", "--names", "git:HEAD:specs/acme/names.txt"},
	} {
		if code, stdout, stderr := grantgen(t, args...); code != 1 || !strings.HasSuffix(stdout, "breaks 1, adds 1, wire only 0\n") {
			t.Errorf("below: %v: exit %d\n%s%s", args, code, stdout, stderr)
		}
	}
	if code, _, stderr := grantgen(t, "diff", "--provider", "acme", "gone"); code != 2 || !strings.Contains(stderr, "git: ") || strings.Contains(stderr, "fatal") {
		t.Errorf("exit %d\n%s", code, stderr)
	}
	if code, stdout, stderr := grantgen(t, "diff", "--provider", "acme", "HEAD", "HEAD"); code != 0 || stdout != "breaks 0, adds 0, wire only 0\n" {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
}
