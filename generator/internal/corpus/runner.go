package corpus

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// Runner examines the documents of a folder, one process each.
type Runner struct {
	// Command makes the process that examines a file and prints its row, which
	// is a call of [Work] at its other end.
	Command func(ctx context.Context, file string) *exec.Cmd
	// Build names the program. Rows of another build are made again.
	Build string
	// Time and MB limit one document.
	Time time.Duration
	MB   int
	// Parallel processes run at once, as long as the memory that they may need
	// stays below TotalMB; a document that needs more runs alone.
	Parallel int
	TotalMB  int
	// Progress is called after each document, one call at a time.
	Progress func(done, of int, row Row)
}

// Documents lists the JSON files below dir, every nth of them, by name.
func Documents(dir string, every int) ([]string, error) {
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		all = append(all, filepath.ToSlash(rel))
		return err
	})
	slices.Sort(all)
	var out []string
	for i := 0; i < len(all); i += max(every, 1) {
		out = append(out, all[i])
	}
	return out, err
}

// Run examines the files below dir that done has no row for, and returns the rows
// of all of them by name.
func (r *Runner) Run(ctx context.Context, dir string, files []string, results *Results, done map[string]Row) ([]Row, error) {
	var rows []Row
	var open []document
	for _, file := range files {
		if row, ok := done[file]; ok && row.Outcome != TimedOut && row.Outcome != TooBig { // another limit may do
			rows = append(rows, row)
			continue
		}
		d, err := r.document(dir, file)
		if err != nil {
			return nil, err
		}
		open = append(open, d)
	}
	// The largest first: at the end, short ones fill every processor.
	slices.SortStableFunc(open, func(a, b document) int { return cmp.Compare(b.mb, a.mb) })
	var mu sync.Mutex
	memory := semaphore.NewWeighted(int64(r.TotalMB))
	group, going := errgroup.WithContext(ctx)
	group.SetLimit(max(r.Parallel, 1))
	for _, d := range open {
		if memory.Acquire(going, d.mb) != nil {
			break
		}
		group.Go(func() error {
			defer memory.Release(d.mb)
			row := r.one(going, d)
			if going.Err() != nil {
				return going.Err() // interrupted, which says nothing about the document
			}
			mu.Lock()
			defer mu.Unlock()
			rows = append(rows, row)
			r.Progress(len(rows), len(files), row)
			return results.Append(row)
		})
	}
	err := group.Wait()
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(a.File, b.File) })
	return rows, cmp.Or(err, ctx.Err())
}

type document struct {
	name, path string
	mb         int64 // memory that it may need
}

// document estimates the memory from the size: a tree of values takes some dozen
// times its text.
func (r *Runner) document(dir, name string) (document, error) {
	path := filepath.Join(dir, filepath.FromSlash(name))
	info, err := os.Stat(path)
	if err != nil {
		return document{}, err
	}
	mb := min(64+60*info.Size()>>20, int64(r.MB), int64(r.TotalMB))
	return document{name, path, mb}, nil
}

// one examines one document and turns whatever happens into a row.
func (r *Runner) one(ctx context.Context, d document) Row {
	limited, cancel := context.WithTimeout(ctx, r.Time)
	defer cancel()
	cmd := r.Command(limited, d.path)
	cmd.WaitDelay = 5 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	err := cmd.Run()
	var row Row
	var exit *exec.ExitError
	switch {
	case limited.Err() != nil:
		row.Outcome = TimedOut
		row.find("timed-out", "", fmt.Sprintf("no result after %s", r.Time))
	case errors.As(err, &exit) && exit.ExitCode() == exitMemory:
		row.Outcome = TooBig
		row.find("too-big", "", fmt.Sprintf("more than %d MB", r.MB))
	case err != nil:
		row.Outcome = Crashed
		row.find("crashed", "", cause(err, stderr.String()))
	default:
		if err := json.Unmarshal(stdout.Bytes(), &row); err != nil || row.Outcome == "" {
			row = Row{Outcome: Crashed}
			row.find("crashed", "", "the process printed no row")
		}
	}
	row.File, row.Build, row.Seconds = d.name, r.Build, time.Since(began).Seconds()
	return row
}

// cause finds what a dying Go program said, and where.
func cause(err error, stderr string) string {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	i := slices.IndexFunc(lines, func(l string) bool {
		return strings.HasPrefix(l, "panic:") || strings.HasPrefix(l, "fatal error:") || strings.HasPrefix(l, "runtime:")
	})
	if i < 0 {
		return err.Error() + ": " + lines[0]
	}
	for _, l := range lines[i:] {
		if strings.HasPrefix(l, "github.com/grantwire/") {
			where, _, _ := strings.Cut(l, "(0x")
			return lines[i] + " in " + where
		}
	}
	return lines[i]
}
