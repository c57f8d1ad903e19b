package local

import (
	"errors"
	"net/http"

	"github.com/grantwire/grantwire/runtime/vault/internal/awssig"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// codeUnsignable is of a request that its credential cannot sign.
const codeUnsignable = "request_not_signable"

// sign signs a request when its credential asks for that, and returns the
// signature.
func (v *Vault) sign(req *http.Request, c *wire.Credential) (signature string, f *fault) {
	if !c.Signs() {
		return "", nil
	}
	key := awssig.Key{
		AccessKeyID: c.AccessToken, SecretAccessKey: c.Additional["secret_key"], SessionToken: c.Additional["session_token"],
		Region: c.Additional["region"], Service: c.Additional["service"],
	}
	signature, err := awssig.Sign(req, key, v.now())
	switch {
	case errors.Is(err, awssig.ErrScope):
		return "", refuse(http.StatusUnprocessableEntity, codeUnsignable, err.Error()).withHint("have the operator set region and service of the managed secret")
	case err != nil:
		return "", refuse(http.StatusUnprocessableEntity, codeUnsignable, err.Error())
	}
	return signature, nil
}
