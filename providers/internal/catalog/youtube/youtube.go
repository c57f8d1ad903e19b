// Package youtube describes YouTube's client to the tests.
package youtube

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/youtube"
)

// Subject is YouTube.
func Subject() subject.Provider {
	return subject.Provider{
		Name:                 "youtube",
		New:                  func(hc *http.Client) any { return youtube.New(hc) },
		Operations:           youtube.Operations(),
		Count:                80,
		Flat:                 34,
		Base:                 "https://youtube.googleapis.com",
		CredentialParameters: []string{"access_token", "key", "oauth_token"},
		Surface: subject.Surface{
			Dropped: []string{"$.xgafv", "alt", "callback", "prettyPrint", "quotaUser", "uploadType", "upload_protocol"},
			JSONBodies: []string{
				"youtube.captions.insert", "youtube.captions.update", "youtube.channelBanners.insert", "youtube.playlistImages.insert",
				"youtube.videos.insert", "youtube.watermarks.set",
			},
		},
		Prism: []subject.Allowance{{
			Text:   "Supported content types",
			Reason: "the document lists what may be uploaded; the call itself takes JSON that describes it (body-of-metadata)",
		}},
		Error: subject.Error{
			Status:  403,
			Body:    `{"error":{"errors":[{"domain":"usageLimits","reason":"rateLimitExceeded","message":"Too many"}],"code":403,"message":"Too many"}}`,
			Code:    "rateLimitExceeded",
			Message: "Too many",
			Own:     subject.Is[*youtube.Error],
		},
	}
}
