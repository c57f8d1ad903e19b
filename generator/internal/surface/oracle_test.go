package surface_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/exp/apidiff"
	"pgregory.net/rapid"

	"github.com/grantwire/grantwire/generator/internal/surface"
)

// checker type-checks emitted packages against the runtime's export data.
type checker struct {
	fset *token.FileSet
	imp  types.Importer
}

func newChecker(t *testing.T) checker {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-json=ImportPath,Export", "github.com/grantwire/grantwire/runtime/api", "embed")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	exports := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ ImportPath, Export string }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
	}
	fset := token.NewFileSet()
	return checker{fset, importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })}
}

func (c checker) check(side surface.Side) (*types.Package, error) {
	var files []*ast.File
	for _, f := range side.Files {
		if !strings.HasSuffix(f.Name, ".go") {
			continue
		}
		file, err := parser.ParseFile(c.fset, f.Name, f.Content, 0)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	conf := types.Config{Importer: c.imp}
	return conf.Check("example.com/harbor", c.fset, files, nil)
}

// named brings a name as apidiff writes it into our form: the method of a service
// is known by the client's field, what *api.Extra promotes by Extra.
func ours(pkg *types.Package, message string) string {
	name, _, _ := strings.Cut(message, ": ")
	name = strings.NewReplacer("(*", "", ")", "", ".Unlisted", ".Extra").Replace(name)
	if owner, member, ok := strings.Cut(name, "."); ok {
		if service, ok := strings.CutSuffix(owner, "Service"); ok && clientField(pkg, service) {
			return service + "." + member
		}
	}
	return name
}

func clientField(pkg *types.Package, name string) bool {
	client := pkg.Scope().Lookup("Client").Type().Underlying().(*types.Struct)
	for f := range client.Fields() {
		if f.Name() == name {
			return true
		}
	}
	return false
}

// owners are the names under which a change of name may be reported: its own, or
// its type's when all of that is gone.
func owners(pkg *types.Package, name string) []string {
	out := []string{name}
	if owner, _, ok := strings.Cut(name, "."); ok {
		out = append(out, owner)
	}
	if c, ok := pkg.Scope().Lookup(name).(*types.Const); ok {
		if n, ok := c.Type().(*types.Named); ok {
			out = append(out, n.Obj().Name())
		}
	}
	return out
}

// goKinds are what apidiff can know of; the others are about calls, not code.
var goKinds = []string{surface.Removed, surface.Renamed, surface.Retyped, surface.Signature, surface.Result, surface.Value, surface.Comparable, surface.PagingLost}

// agree compares our report with that of apidiff, the Go team's judge of such
// changes: what it calls incompatible we list as breaking, and what breaks Go code
// by our word it calls incompatible.
func (c checker) agree(old, now surface.Side) error {
	was, err := c.check(old)
	if err != nil {
		return err
	}
	is, err := c.check(now)
	if err != nil {
		return err
	}
	report, err := surface.Compare(old, now)
	if err != nil {
		return err
	}
	listed := map[string]surface.Change{}
	var renamed []string
	for _, ch := range report {
		if ch.Group == surface.Breaks && slices.Contains(goKinds, ch.Kind) {
			listed[ch.Name] = ch
		}
		if ch.Kind == surface.Renamed {
			renamed = append(renamed, ch.Name, ch.New)
		}
	}
	var faults []error
	theirs := map[string]bool{}
	for _, ch := range apidiff.Changes(was, is).Changes {
		if ch.Compatible || followed(ch.Message, renamed) {
			continue
		}
		names := owners(was, ours(was, ch.Message))
		for _, n := range names {
			theirs[n] = true
		}
		if !slices.ContainsFunc(names, func(n string) bool { return listed[n].Name != "" }) {
			faults = append(faults, fmt.Errorf("only apidiff says: %s", ch.Message))
		}
	}
	for name, ch := range listed {
		owner, _, _ := strings.Cut(name, ".")
		// apidiff does not look at type arguments, and says nothing of what belongs to
		// a type that is gone.
		if !theirs[name] && !theirs[owner+"Service"] && !theirs[owner] && !strings.Contains(ch.Old, "[") {
			faults = append(faults, fmt.Errorf("only we say: %s", ch))
		}
	}
	return errors.Join(faults...)
}

// followed says that a change is nothing but the new name of a type, which is said
// once and not for each use.
func followed(message string, renamed []string) bool {
	_, rest, _ := strings.Cut(message, ": changed from ")
	from, to, ok := strings.Cut(rest, " to ")
	for i := 0; i < len(renamed); i += 2 {
		from = regexp.MustCompile(`\b`+regexp.QuoteMeta(renamed[i])+`\b`).ReplaceAllString(from, renamed[i+1])
	}
	return ok && from == to
}

// TestAgainstApidiff draws two of the many documents that the edits can make, in
// one history of names.
func TestAgainstApidiff(t *testing.T) {
	c := newChecker(t)
	draw := func(t *rapid.T, label string) string {
		text := base
		for _, e := range rapid.SliceOfNDistinct(rapid.IntRange(1, len(edits)-1), 0, 6, rapid.ID).Draw(t, label) {
			text = strings.NewReplacer(edits[e].change...).Replace(text)
		}
		return text
	}
	rapid.Check(t, func(rt *rapid.T) {
		old, names := generate(t, "a.yaml", draw(rt, "old"), nil, paged())
		now, _ := generate(t, "b.yaml", draw(rt, "new"), names, paged())
		if err := c.agree(old, now); err != nil {
			rt.Fatal(err)
		}
	})
}
