package vault

import "context"

// tokenGetter returns the token of the user that a client works for.
type tokenGetter struct {
	get func(context.Context) (string, error)
}

// userTokenFor returns the token that goes along with a call: the call's own,
// else the client's, else "".
func (c *client) userTokenFor(ctx context.Context, own string) (string, *Error) {
	getter := c.userToken.Load()
	if own != "" || getter == nil {
		return own, nil
	}
	token, err := getter.get(ctx)
	if err != nil {
		return "", &Error{Code: "user_token", Message: "the user's token could not be had; nothing was sent", kind: kindUserToken, cause: err}
	}
	if token == "" {
		return "", &Error{Code: "user_token", Message: "the user's token is empty; nothing was sent", kind: kindUserToken}
	}
	return token, nil
}
