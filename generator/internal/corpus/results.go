package corpus

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
)

// Results is a file of rows, one JSON object a line, to which every finished
// document is appended. Its methods may be called concurrently.
type Results struct {
	mu   sync.Mutex
	file *os.File
}

// OpenResults opens the file, or makes it, and returns the rows that build has
// written, the last one for each document. A line cut short by an interrupted run
// is passed over.
func OpenResults(name, build string) (*Results, map[string]Row, error) {
	rows, err := readRows(name, build)
	if err != nil {
		return nil, nil, err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return nil, nil, err
	}
	r := &Results{file: f}
	if err := r.endLine(); err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return r, rows, nil
}

func readRows(name, build string) (map[string]Row, error) {
	rows := map[string]Row{}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return rows, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var row Row
		if json.Unmarshal(lines.Bytes(), &row) == nil && row.Build == build {
			rows[row.File] = row
		}
	}
	return rows, lines.Err()
}

// endLine ends a line that an interrupted run left open.
func (r *Results) endLine() error {
	end, err := r.file.Seek(0, io.SeekEnd)
	if err != nil || end == 0 {
		return err
	}
	last := make([]byte, 1)
	if _, err := r.file.ReadAt(last, end-1); err != nil || last[0] == '\n' {
		return err
	}
	_, err = r.file.WriteString("\n")
	return err
}

// Append writes one row.
func (r *Results) Append(row Row) error {
	line, err := json.Marshal(row)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err = r.file.Write(append(line, '\n'))
	return err
}

// Close closes the file.
func (r *Results) Close() error { return r.file.Close() }
