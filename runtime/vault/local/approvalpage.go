package local

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/console"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// gatePage is what a decision's page is about.
type gatePage struct {
	approval *Approval
	gateID   string
	asks     string
}

func (v *Vault) readGate(ctx context.Context, token string) (*gatePage, error) {
	v.operations(ctx)
	var g *gatePage
	err := v.store.read(ctx, func(ctx context.Context, q *statements) error {
		var id string
		err := q.scan(ctx, "SELECT id FROM gates WHERE lookup = ?", []any{v.gateLookup(token)}, []any{&id})
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		a, err := v.viewHeld(ctx, q, id)
		if err != nil || a == nil {
			return err
		}
		asks, err := v.whoAsks(ctx, q, &session{request: sessionRequest{AppID: a.AppID, AgentID: a.AgentID}})
		g = &gatePage{a, id, asks}
		return err
	})
	return g, err
}

func (v *Vault) gateCSRF(gateID, browser string) string {
	return hex.EncodeToString(keyedHash(v.indexKey, "csrf-approval", gateID, browser))
}

// serveApprovalPage shows a call and takes what its reader decides. Who has the
// link may decide: it is as good as a signature, and works until the approval's
// time is over.
func (v *Vault) serveApprovalPage(w http.ResponseWriter, r *http.Request, token string) {
	ctx := r.Context()
	g, err := v.readGate(ctx, token)
	switch {
	case err != nil:
		v.brokenPage(ctx, w, err)
	case g == nil:
		v.writePage(w, unknownPage())
	case r.Method == http.MethodPost:
		v.serveDecision(w, r, g, token)
	case g.gate().Status != wire.ApprovalPending || g.approval.Status != wire.ApprovalPending:
		v.writePage(w, g.endPage())
	default:
		v.writePage(w, v.gatePage(g, setBrowser(w, r, v.publicURL)))
	}
}

func (g *gatePage) gate() *Gate {
	for i := range g.approval.Gates {
		if g.approval.Gates[i].ID == g.gateID {
			return &g.approval.Gates[i]
		}
	}
	return &g.approval.Gates[0]
}

func (v *Vault) serveDecision(w http.ResponseWriter, r *http.Request, g *gatePage, token string) {
	ctx := withActor(r.Context(), Event{Actor: ActorUser, AppID: g.approval.AppID})
	browser, known := browserOf(r)
	if !known || !checkForm(w, r, v.gateCSRF(g.gateID, browser)) {
		v.writePage(w, foreignForm(approvalPath+token))
		return
	}
	d := ApprovalDecision{By: "page", Reason: truncateRunes(r.PostForm.Get("reason"), 500)}
	var err error
	switch r.PostForm.Get("action") {
	case "approve":
		_, err = v.Approve(ctx, g.gateID, d)
	case "deny":
		_, err = v.Deny(ctx, g.gateID, d)
	}
	// A decision that came second is no fault: the page tells what was decided.
	if _, second := errors.AsType[*SpecError](err); err != nil && !second {
		v.brokenPage(ctx, w, err)
		return
	}
	v.redirect(w, approvalPath+token)
}

func truncateRunes(s string, n int) string {
	if r := []rune(strings.ToValidUTF8(s, "\uFFFD")); len(r) > n {
		return string(r[:n])
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func (v *Vault) gatePage(g *gatePage, browser string) *page {
	a := g.approval
	p := &page{status: http.StatusOK, Title: "Approve this call?", CSRF: v.gateCSRF(g.gateID, browser), Decide: true}
	what := a.Operation
	if what == "" {
		what = "a call that the vault has no name for"
	}
	account := a.Provider
	if a.Account != "" {
		account += " as " + a.Account
	}
	p.Text = []string{g.asks + " asks to make this call at " + shortName(account) + ":", shortName(what)}
	if a.Reason != "" {
		p.Text = append(p.Text, "It says why: “"+console.Block(a.Reason).String()+"”")
	}
	if rule := g.gate().Rule; rule != "" {
		p.Text = append(p.Text, "You are asked by the rule “"+shortName(rule)+"”.")
	}
	p.Text = append(p.Text, "What you approve is what is sent, once. Without a decision it ends at "+a.ExpiresAt.Format(time.RFC1123)+".")
	for _, f := range a.Fields {
		p.Fields = append(p.Fields, pageField{Place: f.Place, Name: shortName(f.Name), Value: console.Whole(f.Value).String(), Note: f.Note()})
	}
	return p
}

func (g *gatePage) endPage() *page {
	p := &page{status: http.StatusOK, Text: []string{"You can close this window."}}
	switch g.approval.Status {
	case wire.ApprovalPending: // this gate is decided, others are not
		p.Title, p.Text = "Your approval is noted", []string{"Others have to approve, too. You can close this window."}
	case wire.ApprovalDenied:
		p.Title = "The call was denied"
	case wire.ApprovalExpired:
		p.status, p.Title = http.StatusGone, "The time for this decision is over"
	case wire.ApprovalFailed:
		p.Title, p.Text = "The call was approved, but it failed", []string{g.approval.Fault}
	default:
		p.Title = "The call was approved"
	}
	return p
}
