package local

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

const (
	codeBadUserToken = "jwt_validation_error" //nolint:gosec // G101: an error code

	userTokenIssuer = "grantwire"
	userTokenLife   = time.Hour
	// maxUserToken is what the protocol allows for a user token.
	maxUserToken = 8192
	// clockSlack is how far the clocks of two processes on one vault may differ.
	clockSlack = 5 * time.Second
)

// userClaims is the body of a user token: a JWT that this vault made for one
// app. Nobody but the vault verifies it, so a MAC serves.
type userClaims struct {
	Issuer   string `json:"iss"`
	Audience string `json:"aud"` // the app's ID
	Subject  string `json:"sub"`
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`
	ID       string `json:"jti"`
}

// userTokenHeader is the one header that is issued and accepted, so that no
// token chooses its own algorithm.
var userTokenHeader = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))

// newUserToken issues a token for a user of an app.
func (v *Vault) newUserToken(appID, subject string) (string, error) {
	now := v.now()
	body, err := json.Marshal(userClaims{
		Issuer: userTokenIssuer, Audience: appID, Subject: subject, IssuedAt: now.Unix(), Expires: now.Add(userTokenLife).Unix(), ID: newID(),
	})
	if err != nil {
		return "", err
	}
	text := userTokenHeader + "." + base64.RawURLEncoding.EncodeToString(body)
	return text + "." + base64.RawURLEncoding.EncodeToString(v.userTokenMAC(text)), nil
}

func (v *Vault) userTokenMAC(text string) []byte { return keyedHash(v.indexKey, "user-token", text) }

// tokenSubject verifies a user token and returns whom it names. A token of
// another app is as bad as a forged one.
func (v *Vault) tokenSubject(appID, token string) (string, *fault) {
	c, ok := v.readUserToken(token)
	now := v.now()
	switch {
	case !ok || c.Issuer != userTokenIssuer || c.Audience != appID || c.Subject == "" || time.Unix(c.IssuedAt, 0).After(now.Add(clockSlack)):
		return "", refuse(http.StatusUnauthorized, codeBadUserToken, "the user token is not one that this vault issued for this app").
			withHint("have the user sign in again")
	case !time.Unix(c.Expires, 0).After(now):
		return "", refuse(http.StatusUnauthorized, codeBadUserToken, "the user token has expired").withHint("have the user sign in again")
	}
	return c.Subject, nil
}

func (v *Vault) readUserToken(token string) (c userClaims, ok bool) {
	if len(token) > maxUserToken || !utf8.ValidString(token) {
		return c, false
	}
	header, rest, _ := strings.Cut(token, ".")
	body, sum, found := strings.Cut(rest, ".")
	mac, err := base64.RawURLEncoding.Strict().DecodeString(sum)
	if !found || header != userTokenHeader || err != nil || !hmac.Equal(mac, v.userTokenMAC(header+"."+body)) {
		return c, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return c, false
	}
	return c, json.Unmarshal(raw, &c) == nil
}

// serveVerifyToken answers POST /sdk/auth/verify-token with the token's
// subject.
func (v *Vault) serveVerifyToken(ctx context.Context, rq *request) answer {
	token, err := wire.ParseVerifyToken(rq.body)
	var subject string
	f := v.inAdmission(ctx, rq, func(context.Context, *statements) (*fault, error) {
		if err != nil {
			return invalidBody(err), nil
		}
		var f *fault
		subject, f = v.tokenSubject(rq.who.appID, token)
		return f, nil
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusOK, body: wire.MarshalVerified(subject)}
}

// inAdmission admits a request and runs fn in the same transaction.
func (v *Vault) inAdmission(ctx context.Context, rq *request, fn func(context.Context, *statements) (*fault, error)) *fault {
	var f *fault
	err := v.store.write(ctx, func(ctx context.Context, q *statements) (err error) {
		if f, err = v.admit(ctx, q, rq); f == nil && err == nil {
			f, err = fn(actingFor(ctx, rq), q)
		}
		return err
	})
	if err != nil {
		return v.broken(ctx, rq, err)
	}
	return f
}
