package local

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// offered are the providers of a session that are still configured.
func (s *session) offered(ctx context.Context, q *statements) ([]*provider, error) {
	if s.request.Secret != nil {
		if !s.request.Secret.SignIn {
			return nil, nil
		}
		p, err := signInProvider(ctx, q)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, nil
		}
		return []*provider{p}, err
	}
	all, err := allProviders(ctx, q)
	if err != nil || s.request.Providers == nil {
		return all, err
	}
	return slices.DeleteFunc(all, func(p *provider) bool { return !slices.Contains(s.request.Providers, p.ID) }), nil
}

// scopesAt is what the session asks a provider for.
func (s *session) scopesAt(p *provider) []string {
	if s.kind == kindSignIn || s.request.Secret != nil {
		return p.SignInScopes
	}
	// A scope that the configuration lost since the session began is left out.
	scopes := slices.Clone(p.Scopes)
	for _, scope := range s.request.Scopes[p.ID] {
		if slices.Contains(p.Optional, scope) && !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// whoAsks names app and agent for the user.
func (v *Vault) whoAsks(ctx context.Context, q *statements, s *session) (string, error) {
	name := func(query, id string) (string, error) {
		var text string
		err := q.scan(ctx, query, []any{id}, []any{&text})
		if errors.Is(err, sql.ErrNoRows) {
			err = nil
		}
		return shortName(text), err
	}
	app, err := name("SELECT name FROM apps WHERE id = ?", s.request.AppID)
	if err != nil {
		return "", err
	}
	agentID := s.request.AgentID
	if s.request.DelegateID != "" {
		agentID = s.request.DelegateID
	}
	agent, err := name("SELECT coalesce(display_name, name) FROM agents WHERE id = ?", agentID)
	switch {
	case err != nil:
		return "", err
	case agent != "" && app != "":
		return "The agent “" + agent + "” of “" + app + "”", nil
	case agent != "":
		return "The agent “" + agent + "”", nil
	case app != "":
		return "“" + app + "”", nil
	}
	return "An application", nil
}

// lifetimes are the choices of how long a grant lives, within what the app
// allows. The first, 0, is what the app asked for.
func (r *sessionRequest) lifetimes(now time.Time) []pageLifetime {
	list := []pageLifetime{{0, "Until I end it"}}
	if !r.grantExpiry(now, 0).IsZero() {
		list[0].Text = "As long as the application asks for"
	}
	for _, l := range []pageLifetime{{3600, "1 hour"}, {24 * 3600, "1 day"}, {7 * 24 * 3600, "1 week"}, {30 * 24 * 3600, "30 days"}} {
		chosen := now.Add(time.Duration(l.Seconds) * time.Second)
		if r.grantExpiry(now, l.Seconds).Equal(chosen) { // else the app's limit is shorter
			list = append(list, l)
		}
	}
	return list
}

// lifetime reads the user's choice of them; 0 for anything else.
func (r *sessionRequest) lifetime(choice string, now time.Time) int64 {
	ttl, err := strconv.ParseInt(choice, 10, 64)
	if err != nil || !slices.ContainsFunc(r.lifetimes(now), func(l pageLifetime) bool { return l.Seconds == ttl }) {
		return 0
	}
	return ttl
}

// endPage tells how a session ended.
func (s *session) endPage(now time.Time) *page {
	p := &page{status: http.StatusOK, Title: "Done", Text: []string{"You can close this window."}}
	switch s.status(now) {
	case wire.SessionExpired:
		return &page{status: http.StatusGone, Title: "This link has expired", Text: []string{"Ask the application for a new one."}}
	case wire.SessionError:
		p.Title, p.Text = "Nothing was connected", []string{"The application has been told. You can close this window."}
		if s.kind == kindSignIn {
			p.Title = "You are not signed in"
		}
	case wire.SessionCompleted:
		if s.kind == kindSignIn {
			p.Title = "You are signed in"
			break
		}
		p.Title = "Connected"
		for _, g := range s.progress.Grants {
			line := g.ProviderID
			if g.AccountIdentifier != "" {
				line += ": " + g.AccountIdentifier
			}
			p.Providers = append(p.Providers, pageProvider{Name: shortName(line)})
		}
	}
	if s.request.ReturnURL != "" {
		p.Return, p.Link, p.LinkText = s.request.ReturnURL, s.request.ReturnURL, "Return to the application"
	}
	return p
}

// refuse records that a provider, or the user there, said no. When nothing is
// left to connect, the session ends.
func (s *session) refuse(providerID, code, at string) {
	if code == "" {
		code = "invalid_request"
	}
	denied := code == "access_denied"
	if s.kind == kindSignIn || s.request.Secret != nil {
		s.fail(code, "the provider did not sign the user in")
		return
	}
	if !s.declined(providerID) {
		s.progress.Declined = append(s.progress.Declined, wire.DeclinedProvider{ProviderID: providerID, ErrorCode: code, DeclinedAt: at})
	}
	switch {
	case s.request.Providers == nil || !s.settled(): // others are left to choose
	case len(s.progress.Grants) == 0 && !denied:
		s.fail(code, "the provider refused the request")
	default:
		s.finish()
	}
}

// configFault tells the OAuth errors that trying again does not mend.
func configFault(code string) bool {
	return slices.Contains([]string{"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}, code)
}

// failureCode is the code of a failed session in the protocol's words.
func failureCode(e *oauthError) string {
	switch {
	case e.code == "unauthorized_client" || e.code == "invalid_client":
		return e.code
	case configFault(e.code):
		return "connect_config_error"
	case e.temporary:
		return "service_unavailable"
	}
	return "token_exchange_failed"
}
