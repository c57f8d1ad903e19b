package vault

import (
	"compress/gzip"
	"io"
	"mime"
	"net/http"
	"strings"
)

// scrubResponse masks the credential in everything of a provider's response
// that the caller will see: status line, headers, trailers and the body unless
// it is of a binary kind. An unreadable content coding is an error; the body
// is then left for the caller to close.
func scrubResponse(resp *http.Response, m masker) error {
	resp.Status = m.maskString(resp.Status)
	maskHeader(resp.Header, m)
	maskHeader(resp.Trailer, m)
	if resp.Body == nil || resp.Body == http.NoBody {
		return nil
	}
	body := resp.Body
	// Of an error the runtime reads the body whatever its type says.
	if resp.StatusCode < 300 && isBinary(resp.Header.Get("Content-Type")) {
		resp.Body = newScrubber(body, body, newMasker(), func() { maskHeader(resp.Trailer, m) })
		return nil
	}
	var src io.Reader = body
	switch coding := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding"))); coding {
	case "", "identity":
	case "gzip", "x-gzip":
		if resp.ContentLength == 0 || resp.Request != nil && resp.Request.Method == http.MethodHead {
			return nil
		}
		// Nobody asked for it: Accept-Encoding was taken out of the request.
		src = &lazyGzip{src: body}
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
		resp.ContentLength, resp.Uncompressed = -1, true
	default:
		return &Error{Code: "unreadable_response", kind: kindEncoding, Message: "the provider answered in content coding " +
			cleanText(coding, 40) + ", in which an echoed credential cannot be found"}
	}
	resp.Body = newScrubber(src, body, m, func() { maskHeader(resp.Trailer, m) })
	return nil
}

func maskHeader(h http.Header, m masker) {
	for name, values := range h {
		for i, v := range values {
			values[i] = m.maskString(v)
		}
		if m.inName(name) {
			delete(h, name)
			h["X-Masked"] = append(h["X-Masked"], values...)
		}
	}
}

// isBinary reports whether a body of this content type passes as it is. Types
// that are not known to be binary are searched: masking changes nothing where
// there is no secret.
func isBinary(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	family, _, _ := strings.Cut(media, "/")
	switch family {
	case "image":
		return media != "image/svg+xml"
	case "audio", "video", "font":
		return true
	}
	switch media {
	// Not application/octet-stream: some providers send JSON under that name.
	case "application/zip", "application/gzip", "application/x-gzip",
		"application/x-tar", "application/x-gtar", "application/pdf", "application/wasm":
		return true
	}
	return false
}

// scrubber streams a body with the secrets masked. Its state is in closures,
// where fmt and reflection do not see the bytes it looks for.
type scrubber struct {
	read  func([]byte) (int, error)
	close func() error
}

func (s *scrubber) Read(p []byte) (int, error) { return s.read(p) }
func (s *scrubber) Close() error               { return s.close() }

const scrubChunk = 32 << 10

// newScrubber reads from src and closes body. It holds back only bytes that
// may begin a secret, so an event stream is not delayed. atEnd runs once, when
// src has ended.
func newScrubber(src io.Reader, body io.Closer, m masker, atEnd func()) *scrubber {
	var store []byte       // the one buffer, made on the first read
	var ready, held []byte // parts of store: searched, and not yet decided
	var srcErr error
	fill := func() {
		if store == nil {
			store = make([]byte, scrubChunk+m.longest())
		}
		n := copy(store, held)
		k, err := src.Read(store[n:])
		read := store[:n+k]
		m.mask(read)
		hold := m.held(read)
		if srcErr = err; err != nil {
			if err != io.EOF && hold >= minMasked {
				for i := len(read) - hold; i < len(read); i++ {
					read[i] = '*' // broken off in the middle of a secret: most of it is as good as all
				}
			}
			hold = 0
			atEnd()
		}
		ready, held = read[:len(read)-hold], read[len(read)-hold:]
	}
	read := func(p []byte) (int, error) {
		if len(p) == 0 {
			return 0, nil
		}
		for len(ready) == 0 && srcErr == nil {
			fill()
		}
		n := copy(p, ready)
		ready = ready[n:]
		if n == 0 {
			return 0, srcErr
		}
		return n, nil
	}
	return &scrubber{read: read, close: body.Close}
}

// lazyGzip starts to read on the first Read, not when the headers arrive.
type lazyGzip struct {
	src io.Reader
	r   *gzip.Reader
}

func (l *lazyGzip) Read(p []byte) (n int, err error) {
	if l.r == nil {
		if l.r, err = gzip.NewReader(l.src); err != nil {
			return 0, err
		}
	}
	return l.r.Read(p)
}
