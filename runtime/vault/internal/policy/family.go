package policy

import (
	"slices"
	"strings"
	"unicode"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// Words of an operation's ID and path that show a family.
var familyWords = map[rule.Family][]string{
	rule.FamilySend:    {"send", "reply", "invite", "notify", "forward", "message", "messages", "comment", "comments", "tweet", "tweets", "mail"},
	rule.FamilyPayment: {"pay", "payment", "payments", "charge", "charges", "refund", "refunds", "transfer", "transfers", "payout", "payouts", "topups", "checkout", "subscription", "subscriptions", "capture"},
	rule.FamilyAdmin: {"admin", "role", "roles", "permission", "permissions", "member", "members", "membership", "memberships", "collaborator", "collaborators",
		"key", "keys", "token", "tokens", "secret", "secrets", "hook", "hooks", "webhook", "webhooks", "settings", "delegates", "protection"},
}

// Families sorts an operation by what it does: by its access, and where it
// changes something by the words of its ID and of the path's literal parts. An
// operation can be in several.
func Families(op *api.Operation) []rule.Family {
	switch op.Access {
	case api.Read:
		return []rule.Family{rule.FamilyRead}
	case api.Delete:
		return append([]rule.Family{rule.FamilyDelete}, byWords(op, rule.FamilyAdmin)...)
	}
	return append([]rule.Family{rule.FamilyWrite}, byWords(op, rule.FamilySend, rule.FamilyPayment, rule.FamilyAdmin)...)
}

func byWords(op *api.Operation, families ...rule.Family) (found []rule.Family) {
	words := operationWords(op)
	for _, f := range families {
		if slices.ContainsFunc(familyWords[f], func(w string) bool { return slices.Contains(words, w) }) {
			found = append(found, f)
		}
	}
	return found
}

func operationWords(op *api.Operation) []string {
	words := splitWords(op.ID)
	for part := range strings.SplitSeq(op.Path, "/") {
		if !strings.Contains(part, "{") {
			words = append(words, splitWords(part)...)
		}
	}
	return words
}

// splitWords cuts at everything but letters and where a capital follows a small one.
func splitWords(s string) (words []string) {
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			words = append(words, strings.ToLower(b.String()))
			b.Reset()
		}
	}
	small := false
	for _, r := range s {
		if !unicode.IsLetter(r) || unicode.IsUpper(r) && small {
			flush()
		}
		if small = unicode.IsLower(r); unicode.IsLetter(r) {
			b.WriteRune(r)
		}
	}
	flush()
	return words
}
