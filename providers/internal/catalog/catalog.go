// Package catalog lists the committed providers for the tests that look at all of
// them. A test of one provider imports that provider's own folder here, so that it
// links no other.
package catalog

import (
	"github.com/grantwire/grantwire/providers/internal/catalog/asana"
	"github.com/grantwire/grantwire/providers/internal/catalog/bitbucket"
	"github.com/grantwire/grantwire/providers/internal/catalog/box"
	"github.com/grantwire/grantwire/providers/internal/catalog/digitalocean"
	"github.com/grantwire/grantwire/providers/internal/catalog/docusign"
	"github.com/grantwire/grantwire/providers/internal/catalog/figma"
	"github.com/grantwire/grantwire/providers/internal/catalog/github"
	"github.com/grantwire/grantwire/providers/internal/catalog/gmail"
	"github.com/grantwire/grantwire/providers/internal/catalog/googlecalendar"
	"github.com/grantwire/grantwire/providers/internal/catalog/googledocs"
	"github.com/grantwire/grantwire/providers/internal/catalog/googledrive"
	"github.com/grantwire/grantwire/providers/internal/catalog/googlepeople"
	"github.com/grantwire/grantwire/providers/internal/catalog/googlesheets"
	"github.com/grantwire/grantwire/providers/internal/catalog/googletasks"
	"github.com/grantwire/grantwire/providers/internal/catalog/jira"
	"github.com/grantwire/grantwire/providers/internal/catalog/mailchimp"
	"github.com/grantwire/grantwire/providers/internal/catalog/msgraph"
	"github.com/grantwire/grantwire/providers/internal/catalog/netlify"
	"github.com/grantwire/grantwire/providers/internal/catalog/sendgrid"
	"github.com/grantwire/grantwire/providers/internal/catalog/slack"
	"github.com/grantwire/grantwire/providers/internal/catalog/spotify"
	"github.com/grantwire/grantwire/providers/internal/catalog/square"
	"github.com/grantwire/grantwire/providers/internal/catalog/stripe"
	"github.com/grantwire/grantwire/providers/internal/catalog/trello"
	"github.com/grantwire/grantwire/providers/internal/catalog/twilio"
	"github.com/grantwire/grantwire/providers/internal/catalog/twitter"
	"github.com/grantwire/grantwire/providers/internal/catalog/vercel"
	"github.com/grantwire/grantwire/providers/internal/catalog/xero"
	"github.com/grantwire/grantwire/providers/internal/catalog/youtube"
	"github.com/grantwire/grantwire/providers/internal/catalog/zoom"
	"github.com/grantwire/grantwire/providers/internal/subject"
)

// All lists every committed provider by name.
func All() []subject.Provider {
	return []subject.Provider{
		asana.Subject(),
		bitbucket.Subject(),
		box.Subject(),
		digitalocean.Subject(),
		docusign.Subject(),
		figma.Subject(),
		github.Subject(),
		gmail.Subject(),
		googlecalendar.Subject(),
		googledocs.Subject(),
		googledrive.Subject(),
		googlepeople.Subject(),
		googlesheets.Subject(),
		googletasks.Subject(),
		jira.Subject(),
		mailchimp.Subject(),
		msgraph.Subject(),
		netlify.Subject(),
		sendgrid.Subject(),
		slack.Subject(),
		spotify.Subject(),
		square.Subject(),
		stripe.Subject(),
		trello.Subject(),
		twilio.Subject(),
		twitter.Subject(),
		vercel.Subject(),
		xero.Subject(),
		youtube.Subject(),
		zoom.Subject(),
	}
}
