package policy_test

import (
	"slices"
	"testing"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/internal/policy"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

func TestFamilies(t *testing.T) {
	for _, c := range []struct {
		op   api.Operation
		want []rule.Family
	}{
		{api.Operation{ID: "repos/get", Path: "/repos/{owner}/{repo}", Access: api.Read}, []rule.Family{"read"}},
		{api.Operation{ID: "repos/delete", Path: "/repos/{owner}/{repo}", Access: api.Delete}, []rule.Family{"delete"}},
		{api.Operation{ID: "gmail.users.messages.send", Path: "/gmail/v1/users/{userId}/messages/send", Access: api.Write}, []rule.Family{"write", "send"}},
		{api.Operation{ID: "chat_postMessage", Path: "/chat.postMessage", Access: api.Write}, []rule.Family{"write", "send"}},
		{api.Operation{ID: "PostRefunds", Path: "/v1/refunds", Access: api.Write}, []rule.Family{"write", "payment"}},
		{api.Operation{ID: "orgs/set-membership-for-user", Path: "/orgs/{org}/memberships/{username}", Access: api.Write}, []rule.Family{"write", "admin"}},
		{api.Operation{ID: "repos/update-webhook", Path: "/repos/{owner}/{repo}/hooks/{hook_id}", Access: api.Write}, []rule.Family{"write", "admin"}},
		{api.Operation{ID: "users/list-keys", Path: "/user/keys", Access: api.Read}, []rule.Family{"read"}},
	} {
		if got := policy.Families(&c.op); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.op.ID, got, c.want)
		}
	}
}
