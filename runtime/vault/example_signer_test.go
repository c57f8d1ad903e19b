package vault_test

import (
	"fmt"
	"net/http"

	"github.com/grantwire/grantwire/runtime/vault"
)

// ownSigner stands for sigv4.New(), or for a scheme of one's own.
type ownSigner struct{}

func (ownSigner) Sign(req *http.Request, key vault.SigningKey) (string, error) {
	signature := "signature-of-" + req.Method
	req.Header.Set("Authorization", key.AccessKeyID+" "+signature)
	return signature, nil
}

// Credentials that sign (AWS keys) need a signer in retrieve mode. Package sigv4
// has AWS's; programs that do not call AWS need not link it.
func ExampleWithSigner() {
	agent, err := vault.NewAgent(exampleKey, vault.WithBackend(exampleVault), vault.WithSigner(ownSigner{}))
	fmt.Println(agent.Mode(), err)
	// Output: retrieve <nil>
}
