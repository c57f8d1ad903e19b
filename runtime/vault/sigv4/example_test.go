package sigv4_test

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
	"github.com/grantwire/grantwire/runtime/vault/sigv4"
)

// awsStandIn answers for an AWS service, and keeps what it was asked.
type awsStandIn struct{ seen string }

func (s *awsStandIn) RoundTrip(r *http.Request) (*http.Response, error) {
	s.seen = r.Method + " " + r.URL.Path + " " + r.Header.Get("Authorization")[:16]
	return &http.Response{StatusCode: 200, Body: io.NopCloser(http.NoBody), Request: r}, nil
}

// The agent lists a bucket under a grant of an AWS key, which the program does
// not hold.
func ExampleNew() {
	ctx := context.Background()
	v, err := local.Open("", local.InMemory())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = v.Close() }()
	made, err := v.CreateAgent(ctx, local.AgentSpec{Name: "archivist"})
	if err != nil {
		fmt.Println(err)
		return
	}
	secret, err := v.CreateManagedSecret(ctx, local.ManagedSecretSpec{
		Slug: "aws", Kind: local.SecretAWS, Hosts: []string{"https://s3.eu-west-1.amazonaws.com"},
		Value: local.SecretValue{AccessKeyID: "test-secret-id", SecretAccessKey: "test-secret-key"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := v.GrantManagedSecret(ctx, local.ManagedGrantSpec{SecretID: secret.ID, AgentID: made.ID}); err != nil {
		fmt.Println(err)
		return
	}

	aws := &awsStandIn{}
	agent, err := vault.NewAgent(made.Key, vault.WithBackend(v), vault.WithSigner(sigv4.New()), vault.WithProviderTransport(aws))
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := agent.HTTPClient(vault.Provider("aws")).Get("https://s3.eu-west-1.amazonaws.com/reports?list-type=2")
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = resp.Body.Close()
	fmt.Println(aws.seen)
	fmt.Println(resp.StatusCode, agent.Close(ctx))
	// Output:
	// GET /reports AWS4-HMAC-SHA256
	// 200 <nil>
}

// A vault's client calls Sign by itself; this is what it does to a request.
func ExampleSigner_Sign() {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "https://sqs.eu-west-1.amazonaws.com/?Action=ListQueues", http.NoBody)
	if err != nil {
		fmt.Println(err)
		return
	}
	signature, err := sigv4.New().Sign(req, vault.SigningKey{AccessKeyID: "test-secret-id", SecretAccessKey: "test-secret-key"})
	fmt.Println(len(signature), req.Header.Get("X-Amz-Content-Sha256")[:8], err)
	// Output: 64 e3b0c442 <nil>
}
