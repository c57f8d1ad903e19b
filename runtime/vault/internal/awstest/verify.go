// Package awstest checks AWS signatures in tests. It is written from the
// description of Signature Version 4 and shares no code with what signs.
package awstest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Key is whose signatures are accepted.
type Key struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// Verify checks the signature of a request that a server received with this
// body. oncePath is for S3, which signs a path as it is sent.
func Verify(r *http.Request, body []byte, k Key, oncePath bool) error {
	auth, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return errors.New("no AWS signature")
	}
	parts := map[string]string{}
	for item := range strings.SplitSeq(auth, ", ") {
		name, value, _ := strings.Cut(item, "=")
		parts[name] = value
	}
	id, scope, _ := strings.Cut(parts["Credential"], "/")
	terms := strings.Split(scope, "/") // date, region, service, aws4_request
	if id != k.AccessKeyID || len(terms) != 4 || r.Header.Get("X-Amz-Security-Token") != k.SessionToken {
		return fmt.Errorf("another key, scope %q", scope)
	}
	payload := r.Header.Get("X-Amz-Content-Sha256")
	if sum := sha256.Sum256(body); payload != hex.EncodeToString(sum[:]) && payload != "UNSIGNED-PAYLOAD" && payload != "STREAMING-UNSIGNED-PAYLOAD-TRAILER" {
		return errors.New("the payload's hash is not that of the body")
	}
	signed := strings.Split(parts["SignedHeaders"], ";")
	for name := range r.Header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz-") && !slices.Contains(signed, lower) {
			return fmt.Errorf("the header %s is not signed", lower)
		}
	}
	canonical := strings.Join([]string{
		r.Method, canonicalPath(r.RequestURI, oncePath), canonicalQuery(r.URL.RawQuery), canonicalHeaders(r, signed), parts["SignedHeaders"], payload,
	}, "\n")
	hashed := sha256.Sum256([]byte(canonical))
	text := strings.Join([]string{"AWS4-HMAC-SHA256", r.Header.Get("X-Amz-Date"), scope, hex.EncodeToString(hashed[:])}, "\n")
	key := []byte("AWS4" + k.SecretAccessKey)
	for _, term := range append(terms, text) {
		key = sum(key, term)
	}
	if want := hex.EncodeToString(key); want != parts["Signature"] {
		return errors.New("the signature does not match")
	}
	return nil
}

func sum(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func canonicalPath(target string, once bool) string {
	path, _, _ := strings.Cut(target, "?")
	segments := strings.Split(path, "/")
	for i, s := range segments {
		plain, _ := url.PathUnescape(s)
		if segments[i] = escape(plain); !once {
			segments[i] = escape(segments[i])
		}
	}
	return strings.Join(segments, "/")
}

func canonicalQuery(raw string) string {
	var pairs []string
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		plainName, _ := url.QueryUnescape(name)
		plainValue, _ := url.QueryUnescape(value)
		pairs = append(pairs, escape(plainName)+"="+escape(plainValue))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

func canonicalHeaders(r *http.Request, signed []string) string {
	var out strings.Builder
	for _, name := range signed {
		value := strings.Join(r.Header.Values(name), ",")
		if name == "host" {
			value = r.Host
		}
		out.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	return out.String()
}

const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

func escape(s string) string {
	var out strings.Builder
	for i := range len(s) {
		if strings.IndexByte(unreserved, s[i]) >= 0 {
			out.WriteByte(s[i])
			continue
		}
		fmt.Fprintf(&out, "%%%02X", s[i])
	}
	return out.String()
}
