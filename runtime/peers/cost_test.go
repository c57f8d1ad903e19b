//go:build cost && unix

package peers

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"
)

// costRounds is how often each thing is measured; the tables show the median.
const costRounds = 5

// costPrograms make one call each.
var costPrograms = []struct{ name, source string }{
	{"empty main", `package main

func main() {}
`},
	{"net/http and encoding/json", `package main

import (
	"encoding/json"
	"fmt"
	"net/http"
)

func main() {
	resp, err := http.Get("https://api.github.com/repos/harbor/lighthouse")
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	var repo struct {
		FullName string ` + "`json:\"full_name\"`" + `
	}
	err = json.NewDecoder(resp.Body).Decode(&repo)
	fmt.Println(repo.FullName, err)
}
`},
	{"providers/github", `package main

import (
	"context"
	"fmt"

	"github.com/grantwire/grantwire/providers/github"
)

func main() {
	repo, err := github.New(nil).GetRepo(context.Background(), "harbor", "lighthouse")
	if err != nil {
		panic(err)
	}
	fmt.Println(repo.FullName)
}
`},
	{"providers/github and runtime/vault", `package main

import (
	"context"
	"fmt"
	"os"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/runtime/vault"
)

func main() {
	agent, err := vault.NewAgent(os.Getenv("ALTER_AGENT_KEY"))
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	repo, err := github.New(agent.HTTPClient()).GetRepo(ctx, "harbor", "lighthouse", vault.Grant(os.Getenv("GRANT_ID")))
	if err != nil {
		panic(err)
	}
	fmt.Println(repo.FullName, agent.Close(ctx))
}
`},
	{"go-github", `package main

import (
	"context"
	"fmt"

	"github.com/google/go-github/v89/github"
)

func main() {
	gh, err := github.NewClient()
	if err != nil {
		panic(err)
	}
	repo, _, err := gh.Repositories.Get(context.Background(), "harbor", "lighthouse")
	if err != nil {
		panic(err)
	}
	fmt.Println(repo.GetFullName())
}
`},
}

// cost is what one run of a command took, its children included.
type cost struct {
	wall, user time.Duration
	rss        int64 // bytes, of the largest process
}

// workshop is a module in a temporary folder that sees this repository and a copy
// of go-github's package, so that both can be compiled again without a change to
// either. What they import comes from the build cache.
type workshop struct{ dir, root, peer string }

func newWorkshop(t *testing.T) workshop {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	w := workshop{dir: t.TempDir(), root: root}
	w.peer = filepath.Join(w.dir, "go-github")
	original := strings.TrimSpace(run(t, ".", "go", "list", "-m", "-f", "{{.Dir}}", "github.com/google/go-github/v89"))
	sources, err := filepath.Glob(filepath.Join(original, "github", "*.go"))
	if err != nil || len(sources) == 0 {
		t.Fatal("go-github has no files: ", err)
	}
	for _, from := range sources {
		if !strings.HasSuffix(from, "_test.go") {
			w.put(t, filepath.Join("go-github/github", filepath.Base(from)), read(t, from))
		}
	}
	w.put(t, "go-github/go.mod", read(t, filepath.Join(original, "go.mod")))
	w.put(t, "go.mod", read(t, "go.mod"))
	w.put(t, "go.sum", read(t, "go.sum"))
	run(t, w.dir, "go", "mod", "edit", "-module=example.com/cost",
		"-replace=github.com/grantwire/grantwire="+root, "-replace=github.com/google/go-github/v89="+w.peer)
	return w
}

func (w workshop) put(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, _ := measure(t, dir, args...)
	return out
}

func measure(t *testing.T, dir string, args ...string) (string, cost) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=mod")
	var out, fault bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &fault
	start := time.Now()
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, fault.String())
	}
	c := cost{wall: time.Since(start), user: cmd.ProcessState.UserTime()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		c.rss = int64(usage.Maxrss) //nolint:unconvert // 32 bits on some systems
		if runtime.GOOS != "darwin" && runtime.GOOS != "ios" {
			c.rss *= 1024
		}
	}
	return out.String(), c
}

// build compiles one package, which nobody compiled before: nonce is new. No
// file of the repository changes, because the go command reads nonces from an
// overlay.
func (w workshop) build(t *testing.T, pkg, dir string, nonce int) cost {
	t.Helper()
	fresh := fmt.Sprintf("package github\n\nconst _ = \"%d.%d\"\n", time.Now().UnixNano(), nonce)
	overlay, err := stdjson.Marshal(map[string]map[string]string{
		"Replace": {filepath.Join(dir, "nonce.go"): w.put(t, "nonce.txt", []byte(fresh))},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, c := measure(t, w.dir, "go", "build", "-overlay", w.put(t, "overlay.json", overlay), pkg)
	return c
}

// TestCost prints what compiling, linking and generating cost. It asserts
// nothing: the figures depend on the machine, their ratios hardly do.
func TestCost(t *testing.T) {
	w := newWorkshop(t)
	w.builds(t)
	w.sizes(t)
	w.generation(t)
}

func (w workshop) builds(t *testing.T) {
	t.Helper()
	packages := []struct{ path, dir string }{
		{"github.com/grantwire/grantwire/providers/github", filepath.Join(w.root, "providers", "github")},
		{"github.com/google/go-github/v89/github", filepath.Join(w.peer, "github")},
	}
	costs := make([][]cost, len(packages))
	for round := range costRounds + 1 {
		for i, p := range packages {
			c := w.build(t, p.path, p.dir, round)
			if round > 0 { // the first one may have compiled what the package imports
				costs[i] = append(costs[i], c)
			}
		}
	}
	table(t, fmt.Sprintf("go build of one package, its imports compiled before (median of %d, in turn)", costRounds), func(row func(...any)) {
		row("package", "wall s", "user s", "peak MB")
		for i, p := range packages {
			row(p.path, seconds(median(costs[i], wall)), seconds(median(costs[i], user)), megabytes(median(costs[i], rss)))
		}
		row("ratio",
			ratio(median(costs[0], wall), median(costs[1], wall)),
			ratio(median(costs[0], user), median(costs[1], user)),
			ratio(median(costs[0], rss), median(costs[1], rss)))
	})
}

func (w workshop) sizes(t *testing.T) {
	t.Helper()
	table(t, `programs of one call (-trimpath -ldflags="-s -w", CGO_ENABLED=0)`, func(row func(...any)) {
		row("program", "bytes", "MB")
		for i, p := range costPrograms {
			folder := fmt.Sprintf("program%d", i)
			w.put(t, folder+"/main.go", []byte(p.source))
			binary := filepath.Join(w.dir, folder+".out")
			run(t, w.dir, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./"+folder)
			info, err := os.Stat(binary)
			if err != nil {
				t.Fatal(err)
			}
			row(p.name, info.Size(), megabytes(info.Size()))
		}
	})
}

func (w workshop) generation(t *testing.T) {
	t.Helper()
	tool := filepath.Join(w.dir, "grantgen")
	run(t, w.root, "go", "build", "-o", tool, "./generator/cmd/grantgen")
	names := w.put(t, "names.txt", read(t, filepath.Join(w.root, "specs", "github", "names.txt")))
	var costs []cost
	for range costRounds {
		_, c := measure(t, w.root, tool, "--provider", "github", "-o", filepath.Join(w.dir, "generated"), "--names", names)
		costs = append(costs, c)
	}
	table(t, fmt.Sprintf("grantgen --provider github (median of %d)", costRounds), func(row func(...any)) {
		row("", "wall s", "user s", "peak MB")
		row("generate", seconds(median(costs, wall)), seconds(median(costs, user)), megabytes(median(costs, rss)))
	})
}

func wall(c cost) int64 { return int64(c.wall) }
func user(c cost) int64 { return int64(c.user) }
func rss(c cost) int64  { return c.rss }

func median(costs []cost, of func(cost) int64) int64 {
	values := make([]int64, len(costs))
	for i, c := range costs {
		values[i] = of(c)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func seconds(nanos int64) string   { return fmt.Sprintf("%.2f", time.Duration(nanos).Seconds()) }
func megabytes(bytes int64) string { return fmt.Sprintf("%.2f", float64(bytes)/1e6) }
func ratio(a, b int64) string      { return fmt.Sprintf("%.2f", float64(a)/float64(b)) }

func table(t *testing.T, title string, fill func(row func(...any))) {
	t.Helper()
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fill(func(cells ...any) {
		for _, c := range cells {
			fmt.Fprintf(w, "%v\t", c)
		}
		fmt.Fprintln(w)
	})
	_ = w.Flush() // writes to memory
	t.Logf("%s\n%s", title, out.String())
}
