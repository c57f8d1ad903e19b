//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// measured is providers/measured.json, which grantgen tables reads.
type measured struct {
	Command  string              `json:"command"`
	Date     string              `json:"date"`
	Machine  string              `json:"machine"`
	Go       string              `json:"go"`
	Packages map[string]building `json:"packages"`
}

type building struct {
	WallMS int `json:"wall_ms"`
	UserMS int `json:"user_ms"`
	PeakMB int `json:"peak_mb"`
	Lines  int `json:"lines"`
}

// builds measures the committed packages. Those that were not named keep what an
// earlier run found.
func (s settings) builds(ctx context.Context) error {
	path := filepath.Join(s.root, "providers", "measured.json")
	m := measured{}
	switch text, err := os.ReadFile(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(text, &m); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	m.Command, m.Date, m.Machine, m.Go = "make sizes", time.Now().UTC().Format(time.DateOnly), machine(), runtime.Version()
	if m.Packages == nil {
		m.Packages = map[string]building{}
	}
	for name := range m.Packages { // a provider that is gone
		if _, err := os.Stat(filepath.Join(s.root, "specs", name)); errors.Is(err, fs.ErrNotExist) {
			delete(m.Packages, name)
		}
	}
	for _, name := range s.names {
		dir := filepath.Join(s.root, "providers", name)
		lines, _, err := volume(dir, ".gen.go")
		if err != nil {
			return err
		}
		c, err := s.compile(ctx, s.root, "./providers/"+name+"/...")
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		m.Packages[name] = building{int(c.wall.Milliseconds()), int(c.user.Milliseconds()), int(c.rss / 1e6), lines}
		fmt.Fprintf(os.Stderr, "%-20s %6.2f s wall %6.2f s user %5d MB\n", name, c.wall.Seconds(), c.user.Seconds(), c.rss/1e6)
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
