// Package subject says what tests have to know of a provider beyond its
// document and its generated package: where requests must go, how the credential
// gets in, what an error looks like, and every exception with its reason.
//
// Each provider has one such description, in the folder of its name in
// providers/internal/catalog.
package subject

import (
	"cmp"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// Token is the secret of all credentials here.
const Token = "test-secret-wire"

// Provider is what tests have to know of one provider. Fields that say nothing
// but "as usual" are left out.
type Provider struct {
	Name       string // of the folders in specs and providers
	Package    string // the folder in providers that a program imports; left out: Name
	New        func(hc *http.Client) any
	Operations []api.Operation
	Count      int    // how many operations there have to be
	Flat       int    // how many curated methods on Client there have to be at least
	Base       string // what the URL of each request begins with, without a slash at the end

	// Headers are the fixed headers of every request, such as a version.
	Headers map[string]string
	// Credential is what an operator registers; left out: Token as a bearer token.
	Credential local.Credential
	// CredentialParameters are parameters and body members of the document that the
	// surface leaves out, because the credential stands for them.
	CredentialParameters []string
	// Surface is what the package has otherwise than its document.
	Surface Surface

	Error Error
	// Lacks says for rows of the robustness table why no answer of the provider can
	// show them: "enum": "its answers have none". One that is not true is an error.
	Lacks map[string]string
	Wire  Wire
	// Prism lists contradictions to the upstream document that are right all the same.
	Prism []Allowance
	// PrismDepth is how many references in a row Prism reads; what a deeper one leads to
	// may be anything. Left out: all of them. Schemas that all contain each other are
	// more, unfolded, than Prism ever reads.
	PrismDepth int
	Examples   Examples
}

// Error is a typical error answer of the provider.
type Error struct {
	Status        int // 404 and the like; 200 where the body tells
	Body          string
	Code, Message string // what *api.Error has to hold
	// Own tells whether the provider's own error type is in err; see Is.
	Own func(err error) bool
}

// Is is the usual Error.Own: T is in err and says something.
func Is[T error](err error) bool {
	own, ok := errors.AsType[T](err)
	return ok && own.Error() != ""
}

// Surface is what a package's surface has otherwise than its document, which
// tests read with these changes, so that a request is judged by what its method
// promises. A name or operation that the document lacks is an error.
type Surface struct {
	Dropped    []string            // parameters that are never sent
	Kept       map[string][]string // operation ID -> dropped names that it has all the same
	Segmented  []string            // path parameters whose value keeps its slashes, unmarked in the document
	FileForms  []string            // operation IDs whose multipart form is described as the file itself; its part is "file"
	JSONBodies []string            // operation IDs whose JSON body is listed under an upload's media types
}

// Wire holds the exceptions of the wire test.
type Wire struct {
	// Skip gives a reason per operation ID, or per operation ID and mode as
	// "id mode", that is not driven. An unused reason is an error.
	Skip map[string]string
	// Ignore lists verdicts that are not counted. An unused one is an error.
	Ignore []Exception
	// Unnamed is how many requests fit several operations, so that the vault names none.
	Unnamed int
}

// Exception is a known error of a judge, not of the request.
type Exception struct {
	Operation string // ID, "" for all
	Judge     string // "filter", "plain" or "own"
	Contains  string // part of the verdict's text
	Reason    string
}

// Allowance is a contradiction that Prism reports and that is right all the
// same. One that nothing needs fails the test.
type Allowance struct {
	Operation string // ID, "" for all
	Place     string // "request.query", "" for all
	Text      string // part of the message
	Reason    string
}

// Examples says what has to become of the upstream document's examples of answers.
type Examples struct {
	Total, Decoded, Exact int
	// LeftOut are examples beside Total: of a media type that the client does not ask
	// for, or of a status without a body.
	LeftOut int
	// Contradict counts those that contradict their schema where they are not exact,
	// by the schema's keyword.
	Contradict map[string]int
	// Loose are examples that do not come back as they were although their schema
	// lets them pass, and why.
	Loose map[string]string
	// What oapi-codegen's own models reach on the same examples, where it was
	// measured. Less than that, and the test fails.
	PeerDecoded, PeerExact int
}

// Imported is the folder in providers that a program imports.
func (p Provider) Imported() string { return cmp.Or(p.Package, p.Name) }

// Secret is the provider's credential, with what is left out filled in.
func (p Provider) Secret() local.Credential {
	c := p.Credential
	if c.Token == "" {
		c.Token = Token
	}
	if c.Header == "" {
		c.Header = "Authorization"
	}
	if c.Format == "" {
		c.Format = "Bearer {token}"
	}
	return c
}

// Basic is the credential of a user name and a password.
func Basic(user, password string) local.Credential {
	return local.Credential{Token: base64.StdEncoding.EncodeToString([]byte(user + ":" + password)), Format: "Basic {token}"}
}

// Injected is what the credential adds to a request.
func (p Provider) Injected() (headers, query map[string]string) {
	c := p.Secret()
	headers = map[string]string{c.Header: strings.Replace(c.Format, "{token}", c.Token, 1)}
	query = map[string]string{}
	for _, in := range c.Injections {
		to, value := headers, c.Token
		if in.Query {
			to = query
		}
		if in.From != "" {
			value = c.Additional[in.From]
		}
		to[in.Key] = value
	}
	return headers, query
}

// Hosts are the origins that requests go to, that of Base first.
func (p Provider) Hosts() []string {
	hosts := []string{origin(p.Base)}
	for _, op := range p.Operations {
		if op.Server != "" && !slices.Contains(hosts, origin(op.Server)) {
			hosts = append(hosts, origin(op.Server))
		}
	}
	return hosts
}

func origin(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	return u.Scheme + "://" + u.Host
}

// SpecFile is the provider's committed document.
func (p Provider) SpecFile() (string, error) {
	root, err := Root()
	return filepath.Join(root, "specs", p.Name, "openapi.json"), err
}

// Spec reads the provider's committed document.
func (p Provider) Spec() ([]byte, error) {
	file, err := p.SpecFile()
	if err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

// Root is the folder of this module: tests run in the folders of their packages.
func Root() (string, error) {
	dir, err := filepath.Abs(".")
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "specs", "README.md")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no folder above has specs/README.md")
		}
		dir = up
	}
}
