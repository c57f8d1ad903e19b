// Package docusign describes DocuSign's client to the tests.
package docusign

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/docusign"
	"github.com/grantwire/grantwire/providers/internal/subject"
)

// Subject is DocuSign.
func Subject() subject.Provider {
	return subject.Provider{
		Name:       "docusign",
		New:        func(hc *http.Client) any { return docusign.New(hc) },
		Operations: docusign.Operations(),
		Count:      402,
		Flat:       25,
		Base:       "https://www.docusign.net/restapi",
		PrismDepth: 4, // recipients of envelopes have tabs of 35 kinds with up to 80 members each
		Error: subject.Error{
			Status:  http.StatusBadRequest,
			Body:    `{"errorCode":"ENVELOPE_DOES_NOT_EXIST","message":"The envelope does not exist."}`,
			Code:    "ENVELOPE_DOES_NOT_EXIST",
			Message: "The envelope does not exist.",
			Own:     subject.Is[*docusign.Error],
		},
	}
}
