package local

import (
	"context"
	"net/http"

	"github.com/grantwire/grantwire/runtime/vault/internal/console"
)

// consoleAction is something that an operator is asked about before it is done.
type consoleAction struct {
	title, button, section string
	lines                  []string
	facts                  []console.Fact
	danger                 bool
	back                   console.Href
	done                   string // key of the notice
	do                     func(ctx context.Context) error
}

func (c *consolePage) confirm(of func(*consolePage) (*consoleAction, error)) {
	a, err := of(c)
	if err != nil {
		c.failed(err)
		return
	}
	view := &console.Confirm{Button: console.Text(a.button), Danger: a.danger, Back: a.back, Facts: a.facts}
	for _, line := range a.lines {
		view.Lines = append(view.Lines, console.Block(line))
	}
	c.show(http.StatusOK, a.section, a.title, view)
}

func (c *consolePage) carryOut(of func(*consolePage) (*consoleAction, error)) {
	a, err := of(c)
	if err == nil {
		err = a.do(c.ctx)
	}
	if err != nil {
		c.failed(err)
		return
	}
	c.redirect(string(a.back) + "?done=" + a.done)
}

// noticeText is what a page says after something was done. The words are ours,
// whatever the address holds.
func noticeText(key string) console.Text {
	return map[string]console.Text{
		"grant-revoked":      "The grant is revoked. No call gets its credential any more.",
		"delegation-revoked": "The delegation is gone, with those that hung on it.",
		"agent-suspended":    "The agent is suspended. Its keys are refused until it is resumed.",
		"agent-resumed":      "The agent is resumed.",
		"key-deprecated":     "The key is deprecated. It works, and every answer to it asks for another.",
		"key-revoked":        "The key is revoked, with the keys that were derived from it.",
		"approved":           "Approved.",
		"denied":             "Denied.",
		"decided-before":     "Somebody else had decided, or the time was over.",
	}[key]
}
