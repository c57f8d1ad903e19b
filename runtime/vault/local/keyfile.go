package local

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

const (
	keyFileName   = "master.key"
	keyFilePrefix = "grantwire-master-key-v1:"
	masterKeySize = 32
)

// loadKeyFile reads the master key of dir. It returns fs.ErrNotExist (wrapped)
// when there is none.
func loadKeyFile(dir string) ([]byte, error) {
	path := filepath.Join(dir, keyFileName)
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("local: master key file: %w", err)
	}
	// Windows has no mode bits to judge; the folder's access list governs there.
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("local: master key file %s has mode %04o, other users may read it: run chmod 600 on it, and replace the stored credentials if it was exposed",
			path, info.Mode().Perm())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("local: master key file: %w", err)
	}
	defer clear(raw)
	text, ok := bytes.CutPrefix(bytes.TrimSpace(raw), []byte(keyFilePrefix))
	if !ok {
		return nil, fmt.Errorf("local: %s is not a master key file of this version: restore the file that belongs to this vault", path)
	}
	key := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(key, text)
	if err != nil || n != masterKeySize {
		clear(key)
		return nil, fmt.Errorf("local: %s is damaged (want %d bytes in base64): restore the file that belongs to this vault", path, masterKeySize)
	}
	return key[:n], nil
}

// createKeyFile writes a new master key and returns the one that is then in
// place: when another process wins the race, that is the other's key.
func createKeyFile(dir string) ([]byte, error) {
	key := make([]byte, masterKeySize)
	_, _ = rand.Read(key) // never fails
	text := []byte(keyFilePrefix + base64.StdEncoding.EncodeToString(key) + "\n")
	defer clear(text)
	// The complete file appears under its name at once, or not at all: a half
	// written key would make everything sealed with it unreadable.
	tmp, err := os.CreateTemp(dir, ".master-*") // CreateTemp gives mode 0600
	if err != nil {
		return nil, fmt.Errorf("local: master key file: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	if err := writeSynced(tmp, text); err != nil {
		return nil, fmt.Errorf("local: master key file: %w", err)
	}
	path := filepath.Join(dir, keyFileName)
	switch err := os.Link(tmp.Name(), path); {
	case err == nil:
	case errors.Is(err, fs.ErrExist):
		clear(key)
		return loadKeyFile(dir)
	default: // a file system without hard links
		if _, statErr := os.Lstat(path); statErr == nil {
			clear(key)
			return loadKeyFile(dir)
		}
		if err := os.Rename(tmp.Name(), path); err != nil {
			return nil, fmt.Errorf("local: master key file: %w", err)
		}
	}
	syncDir(dir)
	return key, nil
}

func writeSynced(f *os.File, data []byte) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncDir makes a new name durable. Best effort: not every system can sync a
// folder, and the key file itself is synced already.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
