package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// streams reports whether a success is handed to the caller as it arrives.
func (k *call) streams() bool { return k.option.stream != nil || k.result == Stream }

// receive turns an answer into the result or an error and closes its body,
// unless the result is the body. note is what the runtime has to say about it.
func (k *call) receive(resp *http.Response, note string) error {
	success := resp.StatusCode >= 200 && resp.StatusCode <= 299
	switch {
	case !success || slices.Contains(k.op.Alternates, resp.StatusCode):
		return k.failure(resp, note)
	case k.streams():
		return k.deliver(resp)
	}
	defer discard(resp)
	empty := resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusResetContent ||
		k.op.Method == http.MethodHead
	if empty || k.result == None && k.provider.Errors.OK == "" {
		return nil
	}
	buf, err := k.read(resp)
	if err != nil {
		return err
	}
	defer release(buf)
	if k.result == Text {
		return k.text(buf.Bytes())
	}
	return k.json(resp, buf.Bytes())
}

func (k *call) failure(resp *http.Response, note string) error {
	defer discard(resp)
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody+1))
	cut := len(body) > maxErrorBody || err != nil // what is missing does not change the status
	e := k.fail(resp, body[:min(len(body), maxErrorBody)], cut)
	if e.Message == "" && e.Code == "" {
		e.Message = note
	}
	return e
}

func (k *call) deliver(resp *http.Response) error {
	dst := k.option.stream
	if dst == nil {
		var ok bool
		if dst, ok = k.out.(**Download); !ok || dst == nil {
			discard(resp)
			return k.decodeFault("the result of a download must go to a **api.Download")
		}
	}
	*dst = k.download(resp)
	return nil
}

func (k *call) text(b []byte) error {
	switch out := k.out.(type) {
	case nil:
	case *string:
		*out = string(b)
	default:
		return k.decodeFault("the result of a text operation must go to a *string")
	}
	return nil
}

// json checks that the body is what was promised, and no error in disguise.
func (k *call) json(resp *http.Response, b []byte) error {
	if media := mediaType(resp.Header); media != "" && !jsonLike(media) {
		fault := k.decodeFault("the answer is " + media + " where JSON was due")
		fault.ContentType = media
		return fault
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return k.decodeFault("the body is empty where JSON was due")
	}
	if ok := k.provider.Errors.OK; ok != "" && saysNo(b, ok) {
		cut := len(b) > maxErrorBody
		return k.fail(resp, bytes.Clone(b[:min(len(b), maxErrorBody)]), cut)
	}
	switch {
	case k.result == None || k.out == nil:
		return nil
	case k.page != nil:
		return k.page.receive(k, resp, b)
	}
	return k.decode(b, k.out)
}

func (k *call) decode(b []byte, out any) error {
	if err := decodeValue(b, out); err != nil {
		fault := k.decodeFault("")
		fault.explain(err)
		return fault
	}
	return nil
}

func mediaType(h http.Header) string {
	text := h.Get("Content-Type")
	media, _, err := mime.ParseMediaType(text)
	if err != nil {
		media, _, _ = strings.Cut(text, ";")
	}
	return clean(strings.ToLower(media), 100)
}

// jsonLike accepts types that name JSON and types that name nothing.
func jsonLike(media string) bool {
	return strings.Contains(media, "json") || strings.Contains(media, "javascript") ||
		media == "application/octet-stream" || media == "binary/octet-stream"
}

// buffers are reused between responses; no decoded value points into one.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxKept is the largest buffer that is kept for reuse.
const maxKept = 4 << 20

func release(b *bytes.Buffer) {
	if b.Cap() <= maxKept {
		b.Reset()
		buffers.Put(b)
	}
}

// read reads the whole body. The caller releases the buffer.
func (k *call) read(resp *http.Response) (*bytes.Buffer, error) {
	limit := k.config.maxBytes
	buf, _ := buffers.Get().(*bytes.Buffer)
	if n := resp.ContentLength; n > 0 && n <= limit {
		buf.Grow(int(n) + bytes.MinRead)
	}
	_, err := buf.ReadFrom(io.LimitReader(resp.Body, limit+1))
	switch {
	case err != nil:
		release(buf)
		if end := k.ctx.Err(); end != nil && !errors.Is(err, end) {
			err = end
		}
		return nil, k.transportFault(err)
	case int64(buf.Len()) > limit:
		release(buf)
		return nil, k.decodeFault("the body is larger than the limit; see WithMaxResponseBytes")
	}
	return buf, nil
}

// discard reads a little of what is left, so that the connection can be used
// again, and closes the body.
func discard(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	_ = resp.Body.Close()
}
