package local

import (
	"context"
	"net/http"
)

const codeMeNeedsAgent = "me_requires_agent_key"

// serveMe answers GET /sdk/agents/me, for suspended and revoked agents too. The
// member scopes is the agent's allowlist or, without one, by provider what the
// grants in the agent's reach allow.
func (v *Vault) serveMe(ctx context.Context, rq *request) answer {
	var body []byte
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		r, err := v.readAgent(ctx, q, rq.who.appID, rq.who.agentID)
		if err != nil {
			return nil, err
		}
		info, err := v.info(ctx, q, &r)
		body = info.Marshal()
		return nil, err
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusOK, body: body}
}
