package rule

import "time"

// RequireApproval puts a call before a person. The call then works in proxy
// mode only: the vault keeps the exact request and executes it after the
// approval.
type RequireApproval struct {
	// Approvers are who may decide; nil is the owner of the grant's connection.
	Approvers []string
	// ExpiresIn is how long the decision may take, 60 s to 24 h; 0 is 600 s.
	ExpiresIn time.Duration
	// Channels are how approvers are told: "email". nil is no channel, so that
	// the caller passes the approval's URL on.
	Channels []string
	// StepUpMaxSessionAge demands that the approver signed in at most that long
	// ago; 0 leaves it to the vault, -1 demands nothing.
	StepUpMaxSessionAge time.Duration
	// MaxPending bounds the calls that wait at a time, 1 to 100; 0 leaves it to the vault.
	MaxPending int
	// ResultRetention is how long the result is kept; 0 leaves it to the vault.
	ResultRetention time.Duration
	// When limits the rule to some calls; the zero value is all of them.
	When When
}

// DefaultApprovalExpiry is how long a decision may take when the rule says nothing.
const DefaultApprovalExpiry = 600 * time.Second

const effectRequireApproval = "require_approval"

type requireApprovalBody struct {
	Effect   string       `json:"effect"`
	Approval approvalBody `json:"approval"`
	When     *When        `json:"when,omitzero"`
}

type approvalBody struct {
	Approvers  []string `json:"approvers,omitzero"`
	ExpiresIn  *int64   `json:"expires_in_seconds,omitzero"`
	Channels   []string `json:"channels,omitzero"`
	StepUp     *int64   `json:"step_up_max_session_age_seconds,omitzero"`
	MaxPending *int     `json:"max_pending,omitzero"`
	Retention  *int64   `json:"result_retention_seconds,omitzero"`
}

// Kind returns [KindRequireApproval].
func (*RequireApproval) Kind() Kind { return KindRequireApproval }

// Check applies the limits that the fields state.
func (r *RequireApproval) Check() error {
	wrong := func(field, problem string) error { return &Error{KindRequireApproval, "approval." + field, problem} }
	if r.Approvers != nil {
		if err := checkTexts(KindRequireApproval, "approval.approvers", r.Approvers, 0, maxValues, maxValueLen); err != nil {
			return err
		}
	}
	switch {
	case r.ExpiresIn != 0 && (r.ExpiresIn < time.Minute || r.ExpiresIn > 24*time.Hour || !wholeSeconds(r.ExpiresIn)):
		return wrong("expires_in_seconds", "is not 60 to 86400 whole seconds")
	case len(r.Channels) > 1 || len(r.Channels) == 1 && r.Channels[0] != "email":
		return wrong("channels", `is neither empty nor ["email"]`)
	case r.StepUpMaxSessionAge < 0 && r.StepUpMaxSessionAge != -1 || r.StepUpMaxSessionAge > 0 && !wholeSeconds(r.StepUpMaxSessionAge):
		return wrong("step_up_max_session_age_seconds", "is neither whole seconds nor -1")
	case r.MaxPending < 0 || r.MaxPending > 100:
		return wrong("max_pending", "is not 1 to 100")
	case r.ResultRetention < 0 || !wholeSeconds(r.ResultRetention):
		return wrong("result_retention_seconds", "is not a positive number of whole seconds")
	}
	return r.When.check(KindRequireApproval)
}

func wholeSeconds(d time.Duration) bool { return d%time.Second == 0 }

func (r *RequireApproval) wire() any {
	b := requireApprovalBody{Effect: effectRequireApproval, Approval: approvalBody{
		Approvers: r.Approvers, Channels: r.Channels, ExpiresIn: seconds(r.ExpiresIn), Retention: seconds(r.ResultRetention),
	}}
	if r.StepUpMaxSessionAge == -1 {
		b.Approval.StepUp = new(int64(-1))
	} else {
		b.Approval.StepUp = seconds(r.StepUpMaxSessionAge)
	}
	if r.MaxPending != 0 {
		b.Approval.MaxPending = &r.MaxPending
	}
	if names, _ := r.When.Conditions(); len(names) > 0 {
		b.When = &r.When
	}
	return b
}

// seconds returns nil for 0, which is the vault's default.
func seconds(d time.Duration) *int64 {
	if d == 0 {
		return nil
	}
	return new(int64(d / time.Second))
}

func (r *RequireApproval) read(body []byte) error {
	b := requireApprovalBody{When: &r.When}
	if err := readStrict(KindRequireApproval, body, &b); err != nil {
		return err
	}
	if b.Effect != effectRequireApproval {
		return &Error{KindRequireApproval, "effect", `is not "require_approval"`}
	}
	a := b.Approval
	r.Approvers, r.Channels = a.Approvers, a.Channels
	for _, n := range []struct {
		field string
		from  *int64
		to    *time.Duration
		least int64
	}{
		{"expires_in_seconds", a.ExpiresIn, &r.ExpiresIn, 1},
		{"step_up_max_session_age_seconds", a.StepUp, &r.StepUpMaxSessionAge, -1},
		{"result_retention_seconds", a.Retention, &r.ResultRetention, 1},
	} {
		switch {
		case n.from == nil:
		case *n.from == 0 || *n.from < n.least || *n.from > maxSeconds:
			return &Error{KindRequireApproval, "approval." + n.field, "is out of range"}
		case *n.from == -1:
			*n.to = -1
		default:
			*n.to = time.Duration(*n.from) * time.Second
		}
	}
	if a.MaxPending != nil {
		if r.MaxPending = *a.MaxPending; r.MaxPending < 1 {
			return &Error{KindRequireApproval, "approval.max_pending", "is not 1 to 100"}
		}
	}
	return nil
}

// maxSeconds is ten years: longer times are a mistake, and would overflow.
const maxSeconds = 10 * 366 * 24 * 3600
