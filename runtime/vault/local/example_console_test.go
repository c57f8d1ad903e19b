package local_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

// A program that embeds the vault serves the console beside its own pages, and
// hands its operator a link that signs in once.
func ExampleWithConsole() {
	v, err := local.Open("", local.InMemory(), local.WithConsole(), local.WithPublicURL("https://vault.example"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	mux := http.NewServeMux()
	mux.Handle("/console/", v)

	link, err := v.ConsoleURL(context.Background(), "ann")
	if err != nil {
		log.Print(err)
		return
	}
	page := httptest.NewRecorder()
	mux.ServeHTTP(page, httptest.NewRequest(http.MethodGet, link, nil))
	fmt.Println(page.Code, strings.Contains(page.Body.String(), "This link signs you in"))
	mux.ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/console/", nil))
	fmt.Println(strings.Contains(page.Body.String(), "Sign in to the console"))
	// Output:
	// 200 true
	// true
}
