package fetch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/load"
)

// Limits of what is downloaded and unpacked.
const (
	maxMetadata = 64 << 20
	maxArchive  = 512 << 20
	maxUnpacked = 8 << 30 // the archive of GitHub's documents unpacks to more than one GiB
)

// fault is an error with its diagnostic code and remedy.
type fault struct{ code, message, remedy string }

func (f *fault) Error() string { return f.message }

func faultf(code, remedy, format string, args ...any) error {
	return &fault{code, fmt.Sprintf(format, args...), remedy}
}

// upstream returns the untouched document that a source names.
func (f *fetcher) upstream(ctx context.Context, src config.Source) ([]byte, error) {
	switch {
	case src.Npm != "":
		return f.fromNpm(ctx, src)
	case src.URL != "":
		hc := f.opts.Client
		if hc == nil {
			hc = &http.Client{CheckRedirect: checkRedirect}
		}
		text, err := download(ctx, hc, src.URL, "*/*", "", load.DefaultMaxBytes)
		if err != nil {
			return nil, faultf(diag.CodeRegistryFailed, "check the address and the connection", "the source's address did not answer: %v", err)
		}
		return text, verify(text, src.Integrity)
	case src.File != "":
		text, err := os.ReadFile(filepath.Join(f.dir, filepath.FromSlash(src.File)))
		if err != nil {
			return nil, faultf(diag.CodeReadFailed, "check source.file", "cannot read the source's file")
		}
		return text, nil
	}
	return nil, faultf(diag.CodeConfigInvalid, "set source.npm, source.url or source.file", "provider.yaml names no source")
}

func (f *fetcher) fromNpm(ctx context.Context, src config.Source) ([]byte, error) {
	settings := ReadSettings(ctx, f.opts.Environment)
	registry, err := settings.registry(src.Npm)
	if err != nil {
		return nil, faultf(diag.CodeNpmMissing, "install npm, or set npm_config_registry to your registry's address", "%v", err)
	}
	hc := f.opts.Client
	if hc == nil {
		if hc, err = settings.client(); err != nil {
			return nil, faultf(diag.CodeRegistryFailed, "correct the npm settings", "%v", err)
		}
	}
	r := registryClient{hc, registry, settings.authorization(registry)}
	address, err := r.tarball(ctx, src)
	if err != nil {
		return nil, err
	}
	archive, err := r.archive(ctx, src, address)
	if err != nil {
		return nil, err
	}
	if err := verify(archive, src.Integrity); err != nil {
		return nil, err
	}
	return extract(archive, src.Path)
}

// registryClient talks to one registry.
type registryClient struct {
	hc   *http.Client
	base *url.URL
	auth string
}

// tarball asks the registry for the address of the pinned version's archive and
// compares the hash that it publishes with the pinned one.
func (r registryClient) tarball(ctx context.Context, src config.Source) (string, error) {
	name := strings.ReplaceAll(src.Npm, "/", "%2f")
	body, err := download(ctx, r.hc, r.base.String()+name, "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8", r.auth, maxMetadata)
	if errors.Is(err, statusError(http.StatusNotFound)) {
		return "", faultf(diag.CodeVersionMissing, "check source.npm", "the registry does not know %s", src.Npm)
	}
	if err != nil {
		return "", faultf(diag.CodeRegistryFailed, "check the npm settings and the connection", "the registry did not answer for %s: %v", src.Npm, err)
	}
	var doc struct {
		Versions map[string]struct {
			Dist struct {
				Tarball   string `json:"tarball"`
				Integrity string `json:"integrity"`
			} `json:"dist"`
		} `json:"versions"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return "", faultf(diag.CodeRegistryFailed, "check the registry in the npm settings", "the registry's answer for %s is not JSON", src.Npm)
	}
	version, ok := doc.Versions[src.Version]
	if !ok {
		return "", faultf(diag.CodeVersionMissing, "check source.version", "the registry has no version %s of %s", src.Version, src.Npm)
	}
	if published := version.Dist.Integrity; published != "" && !strings.Contains(" "+published+" ", " "+src.Integrity+" ") {
		return "", faultf(diag.CodeIntegrityMismatch, "compare with `npm view "+src.Npm+"@"+src.Version+" dist.integrity`",
			"the registry publishes another hash for %s %s than source.integrity pins", src.Npm, src.Version)
	}
	return version.Dist.Tarball, nil
}

// archive downloads the archive. A mirror often repeats the address of the
// registry that it mirrors, so the configured registry is asked first, and no
// other host gets its credentials.
func (r registryClient) archive(ctx context.Context, src config.Source, address string) ([]byte, error) {
	own := r.base.String() + src.Npm + "/-/" + path.Base(src.Npm) + "-" + src.Version + ".tgz"
	tries := []string{own}
	auth := map[string]string{own: r.auth}
	if u, err := url.Parse(address); err == nil && u.Host != "" && address != own {
		if u.Host == r.base.Host && u.Scheme == r.base.Scheme {
			tries, auth[address] = []string{address}, r.auth
		} else if u.Scheme == "https" {
			tries = append(tries, address)
		}
	}
	var err error
	for _, try := range tries {
		var body []byte
		if body, err = download(ctx, r.hc, try, "application/octet-stream, */*", auth[try], maxArchive); err == nil {
			return body, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, faultf(diag.CodeRegistryFailed, "check the npm settings and the connection", "the archive of %s %s could not be downloaded: %v", src.Npm, src.Version, err)
}

// verify checks the bytes against a pinned "sha512-…".
func verify(text []byte, integrity string) error {
	sum := sha512.Sum512(text)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != integrity {
		return faultf(diag.CodeIntegrityMismatch, "if the new content is wanted, pin its hash in source.integrity after a look at it",
			"what was downloaded has the hash %s, not the pinned one", got)
	}
	return nil
}

// extract returns one file of an npm archive, whose names all start with one
// folder of any name. Nothing is written to disk, so a name that climbs out of
// the archive has no effect.
func extract(archive []byte, name string) ([]byte, error) {
	damaged := func(err error) error {
		return faultf(diag.CodeArchiveInvalid, "fetch again; if it stays, report the package", "the archive cannot be read: %v", err)
	}
	gz, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, damaged(err)
	}
	entries := tar.NewReader(io.LimitReader(gz, maxUnpacked))
	for {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil, faultf(diag.CodeArchiveMissing, "check source.path", "the package has no file %s", name)
		}
		if err != nil {
			return nil, damaged(err)
		}
		_, inside, _ := strings.Cut(h.Name, "/")
		if inside != name {
			continue
		}
		if h.Typeflag != tar.TypeReg {
			return nil, faultf(diag.CodeArchiveInvalid, "check source.path", "%s is no plain file", name)
		}
		if h.Size > load.DefaultMaxBytes {
			return nil, faultf(diag.CodeArchiveInvalid, "check source.path", "%s has more than %d bytes", name, load.DefaultMaxBytes)
		}
		text, err := io.ReadAll(entries)
		if err != nil {
			return nil, damaged(err)
		}
		return text, nil
	}
}
