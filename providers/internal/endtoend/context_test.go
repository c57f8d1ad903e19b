package endtoend_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/api"
)

// checkEnded looks at a call whose context ended: told at once, as what it was.
func checkEnded(t *testing.T, err, want error, since time.Time) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("errors.Is(%v) fails for: %v", want, err)
	}
	if d := time.Since(since); d > 2*time.Second {
		t.Errorf("it took %v", d)
	}
}

func TestContextEndsTheCall(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		for name, early := range map[string]http.HandlerFunc{
			"before headers": func(http.ResponseWriter, *http.Request) {},
			"in the body": func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Content-Type", jsonType)
				_, _ = io.WriteString(rw, `{"id":`)
				_ = http.NewResponseController(rw).Flush()
			},
		} {
			w.provider.script(func(rw http.ResponseWriter, r *http.Request) {
				early(rw, r)
				<-r.Context().Done()
			})
			ctx, cancel := context.WithTimeout(w.ctx(), 60*time.Millisecond)
			start := time.Now()
			_, err := w.github().GetRepo(ctx, "acme", "site")
			checkEnded(t, err, context.DeadlineExceeded, start)
			cancel()

			ctx, cancel = context.WithCancel(w.ctx())
			time.AfterFunc(40*time.Millisecond, cancel)
			start = time.Now()
			_, err = w.slack().ListConversations(ctx, nil)
			checkEnded(t, err, context.Canceled, start)
			if t.Failed() {
				t.Fatal(name)
			}
		}
		ctx, cancel := context.WithCancel(w.ctx())
		cancel()
		w.provider.script(reply(200, jsonType, repository("", "")))
		_, err := w.github().GetRepo(ctx, "acme", "site")
		checkEnded(t, err, context.Canceled, time.Now())
		if len(w.provider.requests()) != 0 {
			t.Error("a call whose context had ended was sent")
		}
	})
}

func TestContextEndsTheRetryWait(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		w.provider.script(reply(503, jsonType, `{"message":"down"}`, "Retry-After", "20"))
		ctx, cancel := context.WithCancel(w.ctx())
		defer cancel()
		waiting := api.WithObserver(func(_ context.Context, e api.Event) {
			if e.Wait > 0 {
				time.AfterFunc(20*time.Millisecond, cancel)
			}
		})
		start := time.Now()
		_, err := w.github(api.WithRetry(api.RetryPolicy{}), waiting).GetRepo(ctx, "acme", "site")
		checkEnded(t, err, context.Canceled, start)
		e, ok := errors.AsType[*api.Error](err)
		if !ok || e.Status != 503 || len(w.provider.requests()) != 1 {
			t.Errorf("the last answer is not in: %v", err)
		}
	})
}

func TestContextEndsTheIteration(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		w.provider.script(cursorPages(50))
		ctx, cancel := context.WithCancel(w.ctx())
		defer cancel()
		seen := 0
		var last error
		for _, err := range w.slack().ListConversationsAll(ctx, nil) {
			if last = err; err != nil {
				break
			}
			if seen++; seen == 3 {
				cancel()
			}
		}
		checkEnded(t, last, context.Canceled, time.Now())
		if n := len(w.provider.requests()); n > 2 {
			t.Errorf("%d pages were fetched", n)
		}
	})
}

// TestContextEndsTheDownload: the stream stops, and the provider's connection is
// let go.
func TestContextEndsTheDownload(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		gone := make(chan struct{})
		w.other.script(func(rw http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(rw, "begin")
			_ = http.NewResponseController(rw).Flush()
			<-r.Context().Done()
			close(gone)
		})
		w.provider.script(reply(302, "", "", "Location", w.other.URL+"/tar"))
		ctx, cancel := context.WithCancel(w.ctx())
		d, err := w.github().Repos.DownloadTarballArchive(ctx, "acme", "site", "main")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		first := make([]byte, 5)
		if _, err := io.ReadFull(d, first); err != nil || string(first) != "begin" {
			t.Fatalf("%q: %v", first, err)
		}
		cancel()
		start := time.Now()
		_, err = io.ReadAll(d)
		checkEnded(t, err, context.Canceled, start)
		select {
		case <-gone:
		case <-time.After(2 * time.Second):
			t.Error("the connection is still open")
		}
	})
}
