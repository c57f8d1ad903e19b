//go:build conformance

package browser

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// signIn opens a new sign-in link.
func (w *world) signIn(c *chrome) {
	w.Helper()
	link, err := w.vault.ConsoleURL(w.Context(), "ann")
	w.must(err)
	c.visit(link)
	c.press("button.go")
	c.mustShow("Overview", "Signed in as ann")
}

func TestSignIn(t *testing.T) {
	w, c := newWorld(t), open(t)
	c.visit(w.url + "/console/")
	c.mustShow("Sign in to the console", "grantvault console")
	w.signIn(c)
	c.press(".who a")
	c.mustShow("this browser")
	c.press("form button:not(.danger)")
	c.mustShow("You are signed out")
	c.visit(w.url + "/console/audit")
	c.mustShow("Sign in to the console")
}

// TestConnect: a user connects an account, and the operator sees the grant.
func TestConnect(t *testing.T) {
	w, c := newWorld(t), open(t)
	session, err := w.agent(w.builder.Key).CreateConnectSession(t.Context(), vault.ConnectParams{Providers: []string{"github"}})
	w.must(err)
	c.visit(session.ConnectURL)
	c.mustShow("Connect an account", "GitHub (stand-in)")
	c.axe()
	c.press("button.go")
	c.press("button[value=allow]")
	c.mustShow("Connected", "octo-connected")
	w.signIn(c)
	c.press("nav a[href$=grants]")
	c.mustShow("octo-connected")
}

// TestApprove: the request is shown field by field, approved once, and sent once.
func TestApprove(t *testing.T) {
	w, c := newWorld(t), open(t)
	pending := w.ask("Replace the lamp")
	w.signIn(c)
	c.mustShow("Waiting for you", "issues/create")
	c.follow("issues/create")
	c.mustShow("Approve issues/create?", "Replace the lamp", "The lamp is out", "owner", "harbor", "ask before writing")
	c.do(chromedp.SendKeys(chromedp.CSS("input[name=reason]"), "it is dark"))
	c.press("button[value=approve]")
	c.mustShow("Approved.", "executed", "ann (console)", "it is dark")
	result, err := pending.Wait(t.Context())
	if err != nil || result.StatusCode != 201 || w.provider.made() != "Replace the lamp" {
		t.Errorf("%v %v, made %q", result, err, w.provider.made())
	}
}

// TestDeny: on the page of the link that the caller passes on, without a session.
func TestDeny(t *testing.T) {
	w, c := newWorld(t), open(t)
	pending := w.ask("Paint the tower")
	c.visit(pending.ApprovalURL)
	c.mustShow("Approve this call?", "Paint the tower")
	c.axe()
	c.press("button[value=deny]")
	c.mustShow("The call was denied")
	if _, err := pending.Wait(t.Context()); !errors.Is(err, vault.ErrApprovalDenied) || w.provider.made() != "" {
		t.Errorf("%v, made %q", err, w.provider.made())
	}
	w.signIn(c)
	c.press("nav a[href$=approvals]")
	c.mustShow("denied", "No call waits for a person.")
}

// TestExpire: a decision that comes too late changes nothing.
func TestExpire(t *testing.T) {
	w, c := newWorld(t), open(t)
	pending := w.ask("Move the tower")
	w.signIn(c)
	c.follow("issues/create")
	w.wait(11 * time.Minute)
	c.press("button[value=approve]")
	c.mustShow("expired", "the time was over")
	c.visit(pending.ApprovalURL)
	c.mustShow("The time for this decision is over")
	if w.provider.made() != "" {
		t.Errorf("made %q", w.provider.made())
	}
}

// TestRevoke: a delegation, then the grant, then the agent, then a key; each is
// asked about first, and holds.
func TestRevoke(t *testing.T) {
	w, c := newWorld(t), open(t)
	agent := w.agent(w.builder.Key)
	w.signIn(c)
	c.visit(w.url + "/console/grants/" + w.shared.ID)
	c.mustShow("the user “Keeper” of “Lighthouse”", "builder", "helper")
	c.follow("Revoke the delegation to builder")
	c.mustShow("Take the grant")
	c.follow("Cancel")
	c.follow("Revoke the delegation to builder")
	c.press("button.danger")
	c.mustShow("The delegation is gone")
	if _, err := agent.Request(t.Context(), "GET", w.provider.url+"/user", vault.Grant(w.shared.ID)); err == nil {
		t.Error("the delegation is still there")
	}
	c.visit(w.url + "/console/grants/" + w.grant.ID)
	c.follow("Revoke this grant")
	c.press("button.danger")
	c.mustShow("The grant is revoked.", "revoked")
	if _, err := agent.Request(t.Context(), "GET", w.provider.url+"/user", vault.Grant(w.grant.ID)); !errors.Is(err, vault.ErrGrantRevoked) {
		t.Errorf("the grant after it was revoked: %v", err)
	}
	c.press("nav a[href$=agents]")
	c.follow("builder")
	c.follow("Suspend this agent")
	c.press("button.danger")
	c.mustShow("The agent is suspended.", "suspended")
	if _, err := agent.Request(t.Context(), "GET", w.provider.url+"/user", vault.Grant(w.grant.ID)); !errors.Is(err, vault.ErrAgentInactive) {
		t.Errorf("a suspended agent: %v", err)
	}
	c.follow("Resume this agent")
	c.press("button.go")
	c.follow("Deprecate")
	c.press("button.go")
	c.mustShow("deprecated")
	c.follow("Revoke builder-1")
	c.press("button.danger")
	c.mustShow("The key is revoked")
	if _, err := agent.Me(t.Context()); !errors.Is(err, vault.ErrKeyRevoked) {
		t.Errorf("a revoked key: %v", err)
	}
}

// TestFollow: calls come to the page of a run while it is open, without a script.
func TestFollow(t *testing.T) {
	w, c := newWorld(t), open(t)
	w.work("run-lighthouse")
	w.signIn(c)
	c.follow("run-lighthouse")
	c.mustShow("4 calls and 2 spans", "plan the work", "repos/list-for-authenticated-user", "refused: blocked_destination", "users/get-authenticated")
	c.follow("Follow")
	agent := w.agent(w.builder.Key)
	ctx := agent.Trace(t.Context(), vault.Trace{RunID: "run-lighthouse", Tool: "second_look"})
	w.get(ctx, agent, w.grant.ID, "/user")
	c.waitFor("tool second_look")
	c.follow("Stop following")
	c.mustShow("5 calls")
	c.follow("Find them in the audit trail")
	c.mustShow("users/get-authenticated")
}

// pages are all pages of the console, by the name of their picture.
func (w *world) pages() map[string]string {
	row := ""
	for e, err := range w.vault.AuditRows(w.Context(), local.AuditFilter{RunID: "run-lighthouse"}) {
		w.must(err)
		row = e.ID
	}
	waiting, err := w.vault.Approvals(w.Context(), false)
	w.must(err)
	return map[string]string{
		"overview": "", "runs": "runs", "timeline": "timeline?by=run&id=run-lighthouse", "call": "calls/" + row, "approvals": "approvals", "approval": "approvals/" + waiting[0].ID,
		"grants": "grants", "grant": "grants/" + w.shared.ID, "confirm": "grants/" + w.shared.ID + "/revoke", "agents": "agents", "agent": "agents/" + w.builder.ID, "keys": "keys",
		"audit": "audit", "changes": "changes", "sessions": "sessions", "missing": "nothing",
	}
}

// TestFaultsAreFound plants faults in a page of the console: what TestLook relies
// on sees them.
func TestFaultsAreFound(t *testing.T) {
	w, c := newWorld(t), open(t)
	w.signIn(c)
	c.visit(w.url + "/console/grants")
	if found := c.violations(); len(found) > 0 || c.wide() {
		t.Errorf("before: %v, wide: %t", found, c.wide())
	}
	c.do(chromedp.Evaluate[chromedp.Void](`document.documentElement.removeAttribute("lang");
for (const label of document.querySelectorAll("form.find label")) label.replaceWith(label.querySelector("input"));
for (const link of document.querySelectorAll("main tbody a")) link.replaceChildren();
const p = document.createElement("p");
p.append("hardly to be read");
p.style.cssText = "color: #ccc; background: #fff; width: 3000px";
document.querySelector("main").append(p)`))
	var found []string
	for _, v := range c.violations() {
		found = append(found, v.ID)
	}
	for _, want := range []string{"html-has-lang", "label", "link-name", "color-contrast"} {
		if !slices.Contains(found, want) {
			t.Errorf("found %q, not %s", found, want)
		}
	}
	if !c.wide() {
		t.Error("a page that is too wide is not found")
	}
}

// TestLook opens every page in every look: nothing to complain about for the
// accessibility engine, nothing wider than the window. With
// GRANTWIRE_SCREENSHOTS it keeps the pictures in that folder.
func TestLook(t *testing.T) {
	w, c := newWorld(t), open(t)
	w.work("run-lighthouse")
	w.ask("Replace the lamp")
	denied := w.ask("Paint the tower")
	_, err := w.vault.Deny(t.Context(), denied.ApprovalID, local.ApprovalDecision{By: "ann"})
	w.must(err)
	w.signIn(c)
	folder := os.Getenv("GRANTWIRE_SCREENSHOTS")
	for _, l := range looks {
		c.set(l)
		for name, path := range w.pages() {
			c.visit(w.url + "/console/" + path)
			c.axe()
			c.overflow()
			if folder != "" {
				small, err := shrink(c.shot())
				w.must(err)
				w.must(os.WriteFile(filepath.Join(folder, name+"-"+l.name+".png"), small, 0o644))
			}
		}
	}
	if strings.Contains(strings.Join(c.requests, " "), "favicon.ico") {
		t.Error("the browser looks for an icon elsewhere")
	}
}
