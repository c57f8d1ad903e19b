package local

import (
	"context"
	"net/http"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// serveToken answers POST /sdk/token: it decides the call, and only then opens
// the credential.
func (v *Vault) serveToken(ctx context.Context, rq *request) answer {
	var spec *callSpec
	var bodyFault *fault
	r, err := wire.ParseTokenRequest(rq.body)
	if err != nil {
		bodyFault = invalidBody(err)
	} else {
		spec = &callSpec{
			grantID: r.GrantID, providerID: r.ProviderID, account: r.Account, label: r.Label,
			userToken: r.UserToken, appUserID: r.AppUserID, method: r.Method, url: r.URL, reason: r.Reason,
		}
	}
	p, f := v.decide(ctx, rq, spec, bodyFault)
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	if err := ctx.Err(); err != nil { // nobody is left to give the credential to
		return v.fail(ctx, rq, v.broken(ctx, rq, err))
	}
	cred, f := v.currentCredential(ctx, rq, &p.grant)
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	body := cred.Marshal()
	v.setVaultTime(rq.id, time.Since(rq.start))
	return answer{status: http.StatusOK, body: body}
}

// setVaultTime replaces the row's time, which was taken before the commit, by
// the whole one. It rides in a later transaction: a second sync per call would
// cost more than the figure is worth.
func (v *Vault) setVaultTime(id string, d time.Duration) {
	v.store.later(func(ctx context.Context, q *statements) error {
		return q.exec(ctx, "UPDATE audit SET vault_time = ? WHERE id = ?", int64(d), id)
	})
}
