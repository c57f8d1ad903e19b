package fetch

import (
	"cmp"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
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

// Upstream is a document as its source has it.
type Upstream struct {
	Text []byte
	// Integrity is the hash of what was downloaded, "" for a file.
	Integrity string

	name string
	file string   // on disk, or inside the package
	pack *archive // nil unless it came in a package
	disk bool
}

// Load reads the document. References lead to files beside it on disk or in its
// package; from an address, only into the document itself.
func (u Upstream) Load(opts load.Options) (*load.Document, diag.List) {
	switch {
	case u.disk:
		return load.File(u.file, opts)
	case u.pack != nil:
		dir := path.Dir(u.file)
		return load.Parts(u.name, u.Text, func(name string) ([]byte, error) { return u.pack.part(path.Join(dir, name)) }, opts)
	}
	return load.Bytes(u.name, u.Text, opts)
}

// Get returns the untouched document that src names; dir is the folder that the
// name of a file is relative to. Without src.Integrity nothing pins what is
// downloaded, but the hash that a registry publishes is checked all the same.
func Get(ctx context.Context, src config.Source, dir string, opts Options) (Upstream, diag.List) {
	f := &fetcher{opts, dir}
	u, err := f.upstream(ctx, src)
	if err != nil {
		d := diag.Diagnostic{File: src.String(), Code: diag.CodeReadFailed, Message: err.Error()}
		if ft, ok := errors.AsType[*fault](err); ok {
			d.Code, d.Remedy = ft.code, ft.remedy
		}
		return Upstream{}, diag.List{d}
	}
	return u, nil
}

func (f *fetcher) upstream(ctx context.Context, src config.Source) (Upstream, error) {
	switch {
	case src.Npm != "":
		return f.fromNpm(ctx, src)
	case src.URL != "":
		return f.fromURL(ctx, src)
	case src.File != "":
		file := src.File
		if f.dir != "" {
			file = filepath.Join(f.dir, filepath.FromSlash(src.File))
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return Upstream{}, faultf(diag.CodeReadFailed, "check the path and its permissions", "cannot read the source's file: %v", bare(err))
		}
		return Upstream{Text: text, name: file, file: file, disk: true}, nil
	}
	return Upstream{}, faultf(diag.CodeConfigInvalid, "set source.npm, source.url or source.file", "the configuration names no source")
}

// bare is the error without the path, which stands beside it.
func bare(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

func (f *fetcher) fromURL(ctx context.Context, src config.Source) (Upstream, error) {
	u, err := config.DocumentURL(src.URL)
	if err != nil {
		return Upstream{}, faultf(diag.CodeConfigInvalid, "name a file, or an https address", "%v", err)
	}
	hc := &http.Client{}
	if f.opts.Client != nil {
		*hc = *f.opts.Client
	}
	hc.CheckRedirect = checkDocumentRedirect
	text, err := f.download(ctx, request{hc: hc, address: u.String(), accept: "*/*", limit: load.DefaultMaxBytes})
	if err != nil {
		return Upstream{}, faultf(diag.CodeDownloadFailed, "check the address and the connection, or download the document and name the file", "the document could not be downloaded: %v", err)
	}
	sum, err := verify(text, src.Integrity)
	return Upstream{Text: text, Integrity: sum, name: src.String()}, err
}

func (f *fetcher) fromNpm(ctx context.Context, src config.Source) (Upstream, error) {
	pack, sum, err := f.pack(ctx, src)
	if err != nil {
		return Upstream{}, err
	}
	text, err := pack.document(src.Path)
	return Upstream{Text: text, Integrity: sum, name: src.String(), file: src.Path, pack: pack}, err
}

// pack returns the npm package that a source names, and its hash.
func (f *fetcher) pack(ctx context.Context, src config.Source) (pack *archive, sum string, err error) {
	settings := ReadSettings(ctx, f.opts.Environment)
	registry, err := settings.registry(src.Npm)
	if err != nil {
		return nil, "", faultf(diag.CodeNpmMissing, "install npm, or set npm_config_registry to your registry's address", "%v", err)
	}
	hc := f.opts.Client
	if hc == nil {
		if hc, err = settings.client(); err != nil {
			return nil, "", faultf(diag.CodeRegistryFailed, "correct the npm settings", "%v", err)
		}
	}
	r := registryClient{f, hc, registry, settings.authorization(registry)}
	dist, err := r.version(ctx, src)
	if err != nil {
		return nil, "", err
	}
	packed, err := r.archive(ctx, src, dist.Tarball)
	if err != nil {
		return nil, "", err
	}
	sum, err = verify(packed, cmp.Or(src.Integrity, dist.Integrity))
	return &archive{packed: packed}, sum, err
}

// registryClient talks to one registry.
type registryClient struct {
	f    *fetcher
	hc   *http.Client
	base *url.URL
	auth string
}

// dist is what a registry says of a version's archive.
type dist struct {
	Tarball   string `json:"tarball"`
	Integrity string `json:"integrity"`
}

// version asks the registry for the archive of the pinned version, and compares
// the hash that it publishes with the pinned one.
func (r registryClient) version(ctx context.Context, src config.Source) (dist, error) {
	name := strings.ReplaceAll(src.Npm, "/", "%2f")
	body, err := r.f.download(ctx, request{
		hc: r.hc, address: r.base.String() + name, authorization: r.auth, limit: maxMetadata,
		accept: "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8",
	})
	if errors.Is(err, statusError(http.StatusNotFound)) {
		return dist{}, faultf(diag.CodeVersionMissing, "check the package's name", "the registry does not know %s", src.Npm)
	}
	if err != nil {
		return dist{}, faultf(diag.CodeRegistryFailed, "check the npm settings and the connection", "the registry did not answer for %s: %v", src.Npm, err)
	}
	var doc struct {
		Versions map[string]struct {
			Dist dist `json:"dist"`
		} `json:"versions"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return dist{}, faultf(diag.CodeRegistryFailed, "check the registry in the npm settings", "the registry's answer for %s is not JSON", src.Npm)
	}
	v, ok := doc.Versions[src.Version]
	if !ok {
		return dist{}, faultf(diag.CodeVersionMissing, "`npm view "+src.Npm+" versions` lists them", "the registry has no version %s of %s", src.Version, src.Npm)
	}
	published := strings.Fields(v.Dist.Integrity)
	i := slices.IndexFunc(published, config.IsIntegrity)
	v.Dist.Integrity = ""
	if i >= 0 {
		v.Dist.Integrity = published[i]
	}
	if len(published) > 0 && src.Integrity != "" && !slices.Contains(published, src.Integrity) {
		return dist{}, faultf(diag.CodeIntegrityMismatch, "compare with `npm view "+src.Npm+"@"+src.Version+" dist.integrity`",
			"the registry publishes another hash for %s %s than the pinned one", src.Npm, src.Version)
	}
	return v.Dist, nil
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
		if body, err = r.f.download(ctx, request{hc: r.hc, address: try, accept: "application/octet-stream, */*", authorization: auth[try], limit: maxArchive}); err == nil {
			return body, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, faultf(diag.CodeRegistryFailed, "check the npm settings and the connection", "the archive of %s %s could not be downloaded: %v", src.Npm, src.Version, err)
}

// verify checks the bytes against "sha512-…" and returns their hash. An empty
// want pins nothing.
func verify(text []byte, want string) (string, error) {
	sum := sha512.Sum512(text)
	got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
	if want != "" && got != want {
		return "", faultf(diag.CodeIntegrityMismatch, "if the new content is wanted, pin its hash after a look at it",
			"what was downloaded has the hash %s, not the pinned one", got)
	}
	return got, nil
}
