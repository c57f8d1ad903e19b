package main

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
)

// asked makes a call that has to be approved in the vault of a daemon, for whose
// folder another process adds the rule.
func asked(t *testing.T, d *daemon) *vault.PendingApproval {
	t.Helper()
	must(t, `{"effect":"require_approval","approval":{}}`, "rule", "create", "ask first", "--kind=require_approval", "--grant="+d.values["GRANT_ID"], "--dir", d.values["VAULT_DIR"])
	_, err := newAgent(t, d).ProxyRequest(t.Context(), http.MethodGet, d.values["PROVIDER_URL"]+"/user", vault.Grant(d.values["GRANT_ID"]))
	p, ok := errors.AsType[*vault.PendingApproval](err)
	if !ok {
		t.Fatalf("%v", err)
	}
	return p
}

// TestApprove: an operator sees and decides a call from another process than the
// daemon, whose client waits.
func TestApprove(t *testing.T) {
	d := start(t, "dev")
	p := asked(t, d)
	dir := d.values["VAULT_DIR"]
	if o := command(t, "", "approval", "list", "--dir", dir); o.code != exitOK || !strings.Contains(o.stdout, p.GroupID+"  pending") || !strings.Contains(o.stdout, "dev-agent") {
		t.Errorf("%+v", o)
	}
	if o := command(t, "", "approval", "show", p.ApprovalID, "--dir", dir); o.code != exitOK || !strings.Contains(o.stdout, d.values["PROVIDER_URL"]+"/user") || !strings.Contains(o.stdout, "ask first") {
		t.Errorf("%+v", o)
	}
	if o := command(t, "", "approve", p.ApprovalID, "--reason", "go on", "--dir", dir); o.code != exitOK || !strings.Contains(o.stdout, "executed") {
		t.Errorf("%+v", o)
	}
	if result, err := p.Wait(t.Context(), vault.PollTimeout(20*time.Second)); err != nil || result.StatusCode != 200 || !strings.Contains(string(result.Body), agentLogin) {
		t.Errorf("%+v %v", result, err)
	}
	if o := command(t, "", "deny", p.ApprovalID, "--dir", dir); o.code == exitOK || !strings.Contains(o.stderr, "decided before") {
		t.Errorf("%+v", o)
	}
}

// TestDevApprovesCalls: dev --approve answers 202 first, and approves by itself.
func TestDevApprovesCalls(t *testing.T) {
	p := asked(t, start(t, "dev", "--approve"))
	if result, err := p.Wait(t.Context(), vault.PollTimeout(20*time.Second)); err != nil || result.StatusCode != 200 {
		t.Errorf("%+v %v", result, err)
	}
}
