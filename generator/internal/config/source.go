package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"strings"
)

// npmScheme starts the short form of a file in an npm package.
const npmScheme = "npm:"

// ParseSource reads the short form of a source, as a command line has it:
//
//	FILE
//	https://HOST/PATH
//	npm:PACKAGE@VERSION/PATH, where PACKAGE may have a scope
//
// The source has no hash.
func ParseSource(text string) (Source, error) {
	if rest, ok := strings.CutPrefix(text, npmScheme); ok {
		return parseNpm(rest)
	}
	if !strings.Contains(text, "://") {
		return Source{File: text}, nil
	}
	if _, err := DocumentURL(text); err != nil {
		return Source{}, err
	}
	return Source{URL: text}, nil
}

var errNpmForm = errors.New("write npm:PACKAGE@VERSION/PATH, with an exact version, such as npm:@acme/spec@1.2.3/openapi.json")

func parseNpm(text string) (Source, error) {
	scope := ""
	if strings.HasPrefix(text, "@") {
		at := strings.IndexByte(text, '/')
		if at < 0 {
			return Source{}, errNpmForm
		}
		scope, text = text[:at+1], text[at+1:]
	}
	name, rest, ok := strings.Cut(text, "@")
	version, file, inside := strings.Cut(rest, "/")
	if !ok || !inside {
		return Source{}, errNpmForm
	}
	s := Source{Npm: scope + name, Version: version, Path: file}
	if faults := s.npmFaults(); len(faults) > 0 {
		return Source{}, fmt.Errorf("%s: %w", faults[0].message, errNpmForm)
	}
	return s, nil
}

// DocumentURL reads the address of a document. It is https, or http on this
// machine, and holds no user and no password. The error does not repeat it.
func DocumentURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return nil, errors.New("not an address of the form https://HOST/PATH")
	case u.User != nil:
		return nil, errors.New("the address holds a user or a password; a document is fetched without credentials, so download it first and name the file")
	case u.Scheme == "https" || u.Scheme == "http" && IsLoopback(u.Hostname()):
		return u, nil
	}
	return nil, fmt.Errorf("%s is not fetched, only https (and http on this machine)", u.Scheme)
}

// IsLoopback says whether a host name is this machine's own.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// String names the source in messages: without a query, which may be secret.
func (s Source) String() string {
	switch {
	case s.Npm != "":
		return npmScheme + s.Npm + "@" + s.Version + "/" + s.Path
	case s.URL != "":
		u, err := url.Parse(s.URL)
		if err != nil {
			return "the address"
		}
		return u.Scheme + "://" + u.Host + u.EscapedPath()
	}
	return s.File
}

// Base names the source in generated files: the same on every machine.
func (s Source) Base() string {
	if s.Npm != "" {
		return s.String()
	}
	return path.Base(strings.ReplaceAll(s.String(), `\`, "/"))
}

type sourceFault struct{ key, message string }

// npmFaults says what keeps the source from naming one file of one version.
func (s Source) npmFaults() []sourceFault {
	var out []sourceFault
	if !npmName.MatchString(s.Npm) {
		out = append(out, sourceFault{"/source/npm", fmt.Sprintf("%q is no npm package name", s.Npm)})
	}
	if !exactly.MatchString(s.Version) {
		out = append(out, sourceFault{"/source/version", fmt.Sprintf("%q is no exact version", s.Version)})
	}
	if s.Path == "" || path.IsAbs(s.Path) || path.Clean(s.Path) != s.Path || strings.HasPrefix(s.Path, "..") {
		out = append(out, sourceFault{"/source/path", fmt.Sprintf("%q is no plain path inside the package", s.Path)})
	}
	return out
}
