package api

import (
	"context"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

// Download is a response body that is streamed and never held in memory as a
// whole. The caller closes it. Reading fails once the context of the call has
// ended, which also closes the connection.
type Download struct {
	io.ReadCloser
	ContentType string // media type as sent, or ""
	Length      int64  // bytes, -1 = unknown
	Filename    string // name that the provider suggests, without folders, or ""
}

func (k *call) download(resp *http.Response) *Download {
	return &Download{
		ReadCloser:  newStream(k.ctx, resp.Body),
		ContentType: resp.Header.Get("Content-Type"),
		Length:      resp.ContentLength,
		Filename:    fileName(resp.Header.Get("Content-Disposition")),
	}
}

// fileName keeps the last element of a suggested name: a provider must not
// choose the folder.
func fileName(disposition string) string {
	_, params, err := mime.ParseMediaType(disposition)
	if err != nil {
		return ""
	}
	name := path.Base(strings.ReplaceAll(params["filename"], `\`, "/"))
	if name == "." || name == ".." || name == "/" {
		return ""
	}
	return clean(name, 255)
}

// stream ends with its context, even when the body it reads does not know it.
type stream struct {
	ctx   context.Context // of the call that the body belongs to
	body  io.ReadCloser
	stop  func() bool
	close func() error
}

func newStream(ctx context.Context, body io.ReadCloser) *stream {
	s := &stream{ctx: ctx, body: body, close: sync.OnceValue(body.Close)}
	s.stop = context.AfterFunc(ctx, func() { _ = s.close() })
	return s
}

func (s *stream) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.body.Read(p)
	if err != nil && err != io.EOF {
		if end := s.ctx.Err(); end != nil {
			return n, end
		}
	}
	return n, err
}

// Close may be called more than once.
func (s *stream) Close() error {
	s.stop()
	return s.close()
}
