// Package catalog lists the committed providers for the tests that look at all of
// them. A test of one provider imports that provider's own folder here, so that it
// links no other.
package catalog

import (
	"github.com/grantwire/grantwire/providers/internal/catalog/asana"
	"github.com/grantwire/grantwire/providers/internal/catalog/github"
	"github.com/grantwire/grantwire/providers/internal/catalog/slack"
	"github.com/grantwire/grantwire/providers/internal/subject"
)

// All lists every committed provider by name.
func All() []subject.Provider {
	return []subject.Provider{
		asana.Subject(),
		github.Subject(),
		slack.Subject(),
	}
}
