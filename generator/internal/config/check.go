package config

import (
	"encoding/base64"
	"fmt"
	"go/token"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/model"
)

type checker struct {
	file  string
	diags diag.List
}

func (c *checker) bad(key, format string, args ...any) {
	c.diags = append(c.diags, diag.Diagnostic{
		File: c.file, Pointer: key, Code: diag.CodeConfigInvalid,
		Message: fmt.Sprintf(format, args...), Remedy: "correct the value of " + strings.TrimPrefix(strings.ReplaceAll(key, "/", "."), "."),
	})
}

// IsPackage says whether a Go package may have the name.
func IsPackage(name string) bool {
	return token.IsIdentifier(name) && name != "_" && strings.ToLower(name) == name
}

// check finds values that no provider can have.
func (p *Provider) check(file string) diag.List {
	c := &checker{file: file}
	if p.Name != "" && !plain.MatchString(p.Name) {
		c.bad("/name", "%q is no name: use lower-case letters, digits and dashes", p.Name)
	}
	if p.Package != "" && !IsPackage(p.Package) {
		c.bad("/package", "%q is no package name", p.Package)
	}
	c.source(p.Source)
	c.url("/base_url", p.BaseURL)
	if strings.HasSuffix(p.BaseURL, "/") {
		c.bad("/base_url", "the URL ends with a slash")
	}
	c.url("/docs", p.Docs)
	c.headers(p.Headers)
	for i, rule := range p.Paging {
		c.paging(diag.Pointer("paging", strconv.Itoa(i)), rule)
	}
	switch p.Groups.Rule {
	case GroupAuto, GroupSlash, GroupDotted, GroupIDs, GroupTags, GroupFirst, GroupPath:
	default:
		c.bad("/groups/rule", "%q is not one of slash, dotted, ids, tags, first, path", p.Groups.Rule)
	}
	for name := range p.Families {
		if !slices.Contains(FamilyNames(), name) {
			c.bad(diag.Pointer("families", name), "%q is not one of %s", name, strings.Join(FamilyNames(), ", "))
		}
	}
	c.packages(p.Packages)
	c.flat(p.Flat, p.Packages.Rule != SplitNone)
	if m := p.Names.Methods; m != NamedByID && m != NamedByRoute {
		c.bad("/names/methods", "%q is not route", m)
	}
	c.exported("/names/types", slices.Collect(maps.Values(p.Names.Types)))
	c.exported("/groups/names", slices.Collect(maps.Values(p.Groups.Names)))
	for id, name := range p.Names.Operations {
		group, method, ok := strings.Cut(name, ".")
		if !ok || !isExported(group) || !isExported(method) {
			c.bad(diag.Pointer("names", "operations", id), "%q is not of the form Group.Method", name)
		}
	}
	if p.Errors.Type != "" && !isExported(p.Errors.Type) {
		c.bad("/errors/type", "%q is no exported Go name", p.Errors.Type)
	}
	return c.diags
}

// flat checks the names of curated methods: alone, or behind their package.
func (c *checker) flat(flat map[string]string, packages bool) {
	var names []string
	for name := range flat {
		pkg, method, dotted := strings.Cut(name, ".")
		switch {
		case packages && !dotted:
			c.bad(diag.Pointer("flat", name), "%q names no package; write package.Method", name)
		case !dotted:
			names = append(names, name)
		case !packages || !isPackage(pkg):
			c.bad(diag.Pointer("flat", name), "%q is no package of this API", pkg)
		default:
			names = append(names, method)
		}
	}
	c.exported("/flat", names)
}

func (c *checker) packages(p Packages) {
	switch p.Rule {
	case SplitNone, SplitResource:
	default:
		c.bad("/packages/rule", "%q is not resource", p.Rule)
	}
	for key, name := range p.Names {
		if !isPackage(name) {
			c.bad(diag.Pointer("packages", "names", key), "%q is no package name", name)
		}
	}
}

// isPackage refuses what the go command would read as something else, too.
func isPackage(name string) bool {
	return token.IsIdentifier(name) && strings.ToLower(name) == name && !strings.Contains(name, "_") &&
		!slices.Contains([]string{"internal", "vendor", "testdata", "main"}, name)
}

var (
	plain   = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	exactly = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)
	npmName = regexp.MustCompile(`^(@[a-z0-9-~][a-z0-9-._~]*/)?[a-z0-9-~][a-z0-9-._~]*$`)
)

// day is the form of a date.
var day = regexp.MustCompile(`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`)

func (c *checker) source(s Source) {
	if s.Date != "" && !day.MatchString(s.Date) {
		c.bad("/source/date", "%q is no day such as 2026-08-21", s.Date)
	}
	kinds := 0
	for _, v := range []string{s.Npm, s.URL, s.File} {
		if v != "" {
			kinds++
		}
	}
	if kinds > 1 {
		c.bad("/source", "name one of npm, url and file, not several")
	}
	if s.Npm != "" {
		for _, f := range s.npmFaults() {
			c.bad(f.key, "%s", f.message)
		}
	}
	if s.URL != "" {
		if _, err := DocumentURL(s.URL); err != nil {
			c.bad("/source/url", "%v", err)
		}
	}
	if (s.Npm != "" || s.URL != "") && !IsIntegrity(s.Integrity) {
		c.bad("/source/integrity", "%q is no sha512 integrity hash", s.Integrity)
	}
}

// IsIntegrity checks the form "sha512-" and base64 of 64 bytes.
func IsIntegrity(s string) bool {
	text, ok := strings.CutPrefix(s, "sha512-")
	sum, err := base64.StdEncoding.DecodeString(text)
	return ok && err == nil && len(sum) == 64
}

func (c *checker) url(key, text string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.RawQuery != "" || u.User != nil {
		c.bad(key, "%q is no absolute URL", text)
	}
}

func (c *checker) headers(headers map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		key := diag.Pointer("headers", name)
		switch {
		case strings.EqualFold(name, "Authorization") || strings.EqualFold(name, "Cookie"):
			c.bad(key, "credentials are the vault's, no configuration holds them")
		case !isToken(name) || strings.ContainsAny(headers[name], "\r\n"):
			c.bad(key, "not a header")
		case http.CanonicalHeaderKey(name) == "Host":
			c.bad(key, "the host comes from base_url")
		}
	}
}

func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
}

func (c *checker) paging(key string, p Paging) {
	need := func(member, value, what string) {
		if value == "" {
			c.bad(key+"/"+member, "%s paging needs %s", p.Kind, what)
		}
	}
	switch p.Kind {
	case PagingLink, PagingAuto:
	case PagingPage, PagingOffset, PagingLast:
		need("param", p.Param, "a parameter")
	case PagingCursor:
		need("param", p.Param, "a parameter")
		need("next", p.Next+p.Header, "the path of the next cursor, or the header that holds it")
	case PagingURL:
		need("next", p.Next, "the path of the next page's URL")
	default:
		c.bad(key+"/kind", "%q is not one of link, page, cursor, offset, url, last, auto", p.Kind)
	}
	if p.First != nil && (*p.First < 0 || *p.First > 1) {
		c.bad(key+"/first", "pages and items are counted from 0 or 1, not %d", *p.First)
	}
	if p.Next != "" && p.Header != "" {
		c.bad(key+"/header", "the cursor is in the body or in a header, not in both")
	}
	if p.Header != "" && !isToken(p.Header) {
		c.bad(key+"/header", "not a header")
	}
	for member, path := range map[string]string{"next": p.Next, "more": p.More, "final": p.Final, "pages": p.Pages, "total": p.Total, "limit": p.Limit} {
		if path != "" && slices.Contains(model.Steps(path), "") {
			c.bad(key+"/"+member, "%q is neither dotted member names nor a JSON pointer", path)
		}
	}
}

func (c *checker) exported(key string, names []string) {
	slices.Sort(names)
	for _, name := range names {
		if !isExported(name) {
			c.bad(key, "%q is no exported Go name", name)
		}
	}
}

func isExported(name string) bool { return token.IsIdentifier(name) && token.IsExported(name) }
