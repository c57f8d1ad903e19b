package api_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/api"
)

// A form whose fields no document lists is a map, and may hold files.
func TestMultipartMap(t *testing.T) {
	var got map[string]string
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = map[string]string{}
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			t.Error(err)
			return
		}
		for name, v := range r.MultipartForm.Value {
			got[name] = v[0]
		}
		for name, f := range r.MultipartForm.File {
			file, err := f[0].Open()
			if err != nil {
				t.Error(err)
				continue
			}
			text, _ := io.ReadAll(file)
			got[name] = f[0].Filename + ": " + string(text)
		}
	}))
	defer srv.Close()
	p := api.Provider{Name: "p", BaseURL: srv.URL}
	op := api.Operation{Provider: &p, ID: "o", Method: "POST", Path: "/", Request: "multipart/form-data"}
	body := map[string]any{"note": "n", "file": api.File{Name: "a.txt", Content: strings.NewReader("x")}, "more": &api.File{Name: "b.txt", Content: strings.NewReader("y")}}
	if err := api.NewClient(srv.Client(), &p).Do(t.Context(), &op, api.Args{Body: body}, nil); err != nil {
		t.Fatal(err)
	}
	if got["note"] != "n" || got["file"] != "a.txt: x" || got["more"] != "b.txt: y" {
		t.Errorf("%v", got)
	}
}
