//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// cost is what one run of a command took, its children included.
type cost struct {
	wall, user time.Duration
	rss        int64 // bytes, of the largest process
}

// errLimit is a step that was given up.
var errLimit = errors.New("given up after the limit of time")

// command runs a program. What it says on standard error is part of its error.
func (s settings) command(ctx context.Context, dir string, args ...string) (stdout string, c cost, err error) {
	ctx, stop := context.WithTimeout(ctx, s.limit)
	defer stop()
	limited := append([]string{"-c", fmt.Sprintf(`ulimit -v %d; exec "$@"`, s.memory<<10), "sh"}, args...)
	cmd := exec.CommandContext(ctx, "sh", limited...) //nolint:gosec // the program's own command lines
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=mod")
	// A group of its own, so that what the go command started ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var out, fault bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &fault
	start := time.Now()
	err = cmd.Run()
	c.wall = time.Since(start)
	if cmd.ProcessState != nil {
		c.user = cmd.ProcessState.UserTime()
		if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			c.rss = int64(usage.Maxrss) //nolint:unconvert // 32 bits on some systems
			if runtime.GOOS != "darwin" && runtime.GOOS != "ios" {
				c.rss *= 1024
			}
		}
	}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = errLimit
	case err != nil:
		err = fmt.Errorf("%s: %w\n%s", filepath.Base(args[0]), err, fault.String())
	}
	return out.String() + fault.String(), c, err
}

// compile builds the packages of a module that fit the pattern. Their imports are
// compiled before and are not part of the cost.
func (s settings) compile(ctx context.Context, module, pattern string) (cost, error) {
	own, _, err := s.command(ctx, module, "go", "list", "-f", "{{.ImportPath}} {{.Dir}} {{.Name}}", pattern)
	if err != nil {
		return cost{}, err
	}
	replace, mine, err := s.nonces(own)
	if err != nil {
		return cost{}, err
	}
	all, _, err := s.command(ctx, module, "go", "list", "-deps", "-f", "{{.ImportPath}}", pattern)
	if err != nil {
		return cost{}, err
	}
	imports := []string{"go", "build"}
	for line := range strings.Lines(all) {
		if line = strings.TrimSpace(line); line != "" && !mine[line] && !strings.Contains(line, " ") {
			imports = append(imports, line)
		}
	}
	if _, _, err := s.command(ctx, module, imports...); err != nil {
		return cost{}, err
	}
	overlay := filepath.Join(s.work, "overlay.json")
	text, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		return cost{}, err
	}
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		return cost{}, err
	}
	_, c, err := s.command(ctx, module, "go", "build", "-overlay", overlay, pattern)
	return c, err
}

// nonces puts a constant into each package with which nobody compiled it before. No
// file of the repository changes, because the go command reads it from an overlay.
func (s settings) nonces(list string) (replace map[string]string, mine map[string]bool, err error) {
	if err := os.MkdirAll(s.work, 0o750); err != nil {
		return nil, nil, err
	}
	replace, mine = map[string]string{}, map[string]bool{}
	for line := range strings.Lines(list) {
		f := strings.Fields(line)
		if len(f) != 3 || !filepath.IsAbs(f[1]) {
			continue
		}
		nonce := filepath.Join(s.work, fmt.Sprintf("nonce%d.txt", len(mine)))
		text := fmt.Appendf(nil, "package %s\n\nconst _ = \"%d\"\n", f[2], time.Now().UnixNano())
		if err := os.WriteFile(nonce, text, 0o600); err != nil {
			return nil, nil, err
		}
		mine[f[0]], replace[filepath.Join(f[1], "nonce.go")] = true, nonce
	}
	return replace, mine, nil
}

// volume counts the lines and bytes of the Go files below dir that fit.
func volume(dir, suffix string) (lines, size int, err error) {
	files := os.DirFS(dir)
	err = fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, suffix) {
			return err
		}
		text, err := fs.ReadFile(files, path)
		lines += bytes.Count(text, []byte("\n"))
		size += len(text)
		return err
	})
	return lines, size, err
}

// machine says in a line what the figures were taken on.
func machine() string {
	text := fmt.Sprintf("%s/%s, %d cores", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return text
	}
	for line := range strings.Lines(string(info)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return text + " (" + strings.TrimSpace(strings.TrimLeft(name, "\t :")) + ")"
		}
	}
	return text
}
