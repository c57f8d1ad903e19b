package main

import (
	"context"
	"net/url"
	"os"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/local"

	"example.com/helpdesk/desk"
)

// token is what the stand-in asks for. Only the vault and the desk know it.
const token = "test-secret-helpdesk"

// safe is a vault in a temporary folder with one grant for the desk.
type safe struct {
	vault           *local.Vault
	agentKey, grant string
	baseURL         api.ClientOption
	dir             string
}

func (s *safe) close() {
	if s.vault != nil {
		_ = s.vault.Close() // the process ends anyway
	}
	_ = os.RemoveAll(s.dir)
}

// provision is the operator's part, done once and elsewhere in earnest.
func provision(ctx context.Context, address string) (*safe, error) {
	u, err := url.Parse(address + "/v1")
	if err != nil {
		return nil, err
	}
	s := &safe{baseURL: api.WithBaseURL(u)}
	if s.dir, err = os.MkdirTemp("", "ownspec-"); err != nil {
		return nil, err
	}
	if err := s.fill(ctx, address); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *safe) fill(ctx context.Context, address string) error {
	var err error
	if s.vault, err = local.Open(s.dir, local.WithOperations(address+"/v1", desk.Operations())); err != nil { // an open vault outlives the context
		return err
	}
	agent, err := s.vault.CreateAgent(ctx, local.AgentSpec{Name: "dispatcher"})
	if err != nil {
		return err
	}
	grant, err := s.vault.CreateGrant(ctx, local.GrantSpec{
		AgentID: agent.ID, Provider: "desk", Hosts: []string{address}, Credential: local.Credential{Token: token},
	})
	s.agentKey, s.grant = agent.Key, grant.ID
	return err
}
