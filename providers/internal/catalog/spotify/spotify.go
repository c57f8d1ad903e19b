// Package spotify describes Spotify's client to the tests.
package spotify

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/spotify"
)

// Subject is Spotify.
func Subject() subject.Provider {
	return subject.Provider{
		Name:       "spotify",
		New:        func(hc *http.Client) any { return spotify.New(hc) },
		Operations: spotify.Operations(),
		Count:      88,
		Flat:       25,
		Base:       "https://api.spotify.com/v1",
		Prism: []subject.Allowance{{
			Operation: "upload-custom-playlist-cover",
			Text:      `must match pattern "^[\w\d+\/=]*$"`,
			Reason:    "the image is the caller's, in base64 as the document says; the test's is no base64",
		}},
		Error: subject.Error{
			Status:  http.StatusNotFound,
			Body:    `{"error":{"status":404,"message":"Non existing id"}}`,
			Message: "Non existing id",
			Own:     subject.Is[*spotify.Error],
		},
		Examples: subject.Examples{
			Total: 7, Decoded: 7, Exact: 7,
		},
	}
}
