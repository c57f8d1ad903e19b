// Package awssig signs requests with AWS Signature Version 4. The signature
// itself is made by AWS's own signer; this package knows which service and
// region a host belongs to, what stands for the payload, and how path and query
// have to be written so that everybody reads them in the same way.
package awssig

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Key is an AWS access key. Printing or logging it shows none of it.
type Key struct {
	AccessKeyID, SecretAccessKey, SessionToken string

	// Region and Service are for hosts that do not tell theirs.
	Region, Service string
}

// Format hides the key from every verb.
func (Key) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, "awssig.Key(hidden)") }

// LogValue hides the key.
func (Key) LogValue() slog.Value { return slog.StringValue("awssig.Key(hidden)") }

// MaxBuffered is the largest body in bytes that is read into memory because
// nothing else tells its hash.
const MaxBuffered = 32 << 20

// What stands for a payload that the signature does not cover.
const (
	UnsignedPayload = "UNSIGNED-PAYLOAD"
	unsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	signedChunks    = "STREAMING-"
)

// Errors of Sign.
var (
	ErrScope   = errors.New("neither the host nor the credential tells the AWS region and service")
	ErrChunks  = errors.New("the body's chunks are signed with another key: send it unsigned, or whole")
	ErrTooLong = errors.New("the body can be read only once and is too long to be kept in memory for its hash")
)

// contentHash is the header for the payload's hash.
const contentHash = "X-Amz-Content-Sha256"

// Sign signs req and returns the signature. The request's X-Amz-… headers are
// signed with it. A header X-Amz-Content-Sha256 that says that the payload is
// not signed is kept, which S3 takes. A body is read to hash it: again through
// GetBody where there is one, else into memory; S3 over https gets it unsigned
// instead. Path and query are written in AWS's own escapes.
func Sign(req *http.Request, k Key, at time.Time) (signature string, err error) {
	service, region, ok := Scope(req.URL.Hostname())
	if !ok {
		service, region = k.Service, k.Region
	}
	if service == "" || region == "" {
		return "", ErrScope
	}
	if req.URL, err = canonicalURL(req.URL); err != nil {
		return "", err
	}
	payload, err := payloadHash(req, service)
	if err != nil {
		return "", err
	}
	// A bare copy is signed, so that what the connection adds or changes of the
	// other headers does not matter.
	bare := &http.Request{Method: req.Method, URL: new(*req.URL), Host: req.Host, Header: http.Header{contentHash: {payload}}}
	for name, values := range req.Header {
		if canonical := http.CanonicalHeaderKey(name); strings.HasPrefix(canonical, "X-Amz-") && !slices.Contains(ownHeaders, canonical) {
			bare.Header[canonical] = values
		}
	}
	creds := aws.Credentials{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.SecretAccessKey, SessionToken: k.SessionToken}
	// A signer of its own: it would keep derived keys as long as it lives.
	err = v4.NewSigner().SignHTTP(context.Background(), creds, bare, payload, service, region, at, func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping = keepsPath(service)
	})
	if err != nil {
		return "", errors.New("the request could not be signed")
	}
	for _, name := range ownHeaders {
		req.Header.Del(name)
		if value := bare.Header.Get(name); value != "" {
			req.Header.Set(name, value)
		}
	}
	_, signature, _ = strings.Cut(bare.Header.Get("Authorization"), "Signature=")
	return signature, nil
}

// ownHeaders are what a signature consists of.
var ownHeaders = []string{"Authorization", "X-Amz-Date", contentHash, "X-Amz-Security-Token"}

// keepsPath tells the services that sign a path as it is sent; the others
// escape it once more.
func keepsPath(service string) bool {
	return slices.Contains([]string{serviceS3, "s3express", "s3-outposts", "s3-object-lambda"}, service)
}

func payloadHash(req *http.Request, service string) (string, error) {
	declared := req.Header.Get(contentHash)
	switch {
	case keepsPath(service) && (declared == UnsignedPayload || declared == unsignedTrailer):
		return declared, nil
	case strings.HasPrefix(declared, signedChunks):
		return "", ErrChunks
	case req.Body == nil || req.Body == http.NoBody:
		return hash(strings.NewReader(""))
	case req.GetBody != nil:
		body, err := req.GetBody()
		if err != nil {
			return "", err
		}
		defer func() { _ = body.Close() }()
		return hash(body)
	case keepsPath(service) && req.URL.Scheme == "https":
		return UnsignedPayload, nil
	}
	raw, err := io.ReadAll(io.LimitReader(req.Body, MaxBuffered+1))
	if err != nil {
		return "", err
	}
	if len(raw) > MaxBuffered {
		return "", ErrTooLong
	}
	_ = req.Body.Close() // it was read to its end
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil }
	req.Body, _ = req.GetBody()
	req.ContentLength = int64(len(raw))
	return hash(bytes.NewReader(raw))
}

func hash(r io.Reader) (string, error) {
	h := sha256.New()
	_, err := io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), err
}

// canonicalURL writes path and query in the escapes that AWS computes itself:
// all but letters, digits and -._~, a space as %20. What the URL means stays.
func canonicalURL(u *url.URL) (*url.URL, error) {
	c := *u
	segments := strings.Split(u.EscapedPath(), "/")
	for i, s := range segments {
		plain, err := url.PathUnescape(s)
		if err != nil {
			return nil, errors.New("the URL's path is not valid")
		}
		segments[i] = escape(plain)
	}
	c.RawPath = strings.Join(segments, "/")
	if c.RawPath == "" {
		c.RawPath = "/"
	}
	path, err := url.PathUnescape(c.RawPath)
	if err != nil {
		return nil, errors.New("the URL's path is not valid")
	}
	c.Path = path
	var query []string
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		if part == "" {
			continue
		}
		name, value, given := strings.Cut(part, "=")
		plainName, err1 := url.QueryUnescape(name)
		plainValue, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			return nil, errors.New("the URL's query is not valid")
		}
		if name = escape(plainName); given {
			name += "=" + escape(plainValue)
		}
		query = append(query, name)
	}
	c.RawQuery = strings.Join(query, "&")
	return &c, nil
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
