package rule

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

type contentBody struct {
	Match  matchBody   `json:"match"`
	Params []paramBody `json:"params,omitzero"`
	Effect Effect      `json:"effect"`
	Redact *redactBody `json:"redact,omitzero"`
	StepUp *stepUpBody `json:"step_up,omitzero"`
}

type matchBody struct {
	Operations []string `json:"operations,omitzero"`
	Families   []Family `json:"families,omitzero"`
}

type paramBody struct {
	Name  string         `json:"name"`
	Op    Op             `json:"op"`
	Value jsontext.Value `json:"value"`
}

type redactBody struct {
	Fields []string `json:"fields"`
}

type stepUpBody struct {
	MaxAge int64 `json:"max_session_age_seconds"`
}

type windowsBody struct {
	Windows  []Window `json:"windows"`
	Timezone string   `json:"timezone"`
}

func (r *ContentMatch) wire() any {
	b := contentBody{Match: matchBody{r.Operations, r.Families}, Effect: r.Effect}
	if b.Effect == "" {
		b.Effect = Deny
	}
	if r.Effect == Redact {
		b.Redact = &redactBody{r.RedactFields}
	}
	if r.Effect == StepUp {
		b.StepUp = &stepUpBody{int64(r.MaxSessionAge / time.Second)}
	}
	for i := range r.Params {
		b.Params = append(b.Params, r.Params[i].wire())
	}
	return b
}

func (p *Param) wire() paramBody {
	var value any
	switch {
	case p.Text != nil:
		value = *p.Text
	case p.Number != nil:
		value = *p.Number
	case p.Patterns != nil:
		value = p.Patterns
	default:
		value = windowsBody{p.Windows, p.Timezone}
	}
	raw, err := json.Marshal(value)
	if err != nil { // Check has refused numbers that JSON lacks
		raw = []byte("null")
	}
	return paramBody{p.Name, p.Op, raw}
}

func (r *ContentMatch) read(body []byte) error {
	var b contentBody
	if err := readStrict(KindContentMatch, body, &b); err != nil {
		return err
	}
	r.Operations, r.Families, r.Effect = b.Match.Operations, b.Match.Families, b.Effect
	if b.Effect == "" {
		return &Error{KindContentMatch, "effect", "is missing"}
	}
	if b.Redact != nil {
		if r.RedactFields = b.Redact.Fields; r.RedactFields == nil {
			return &Error{KindContentMatch, "redact.fields", "is missing"}
		}
	}
	if b.StepUp != nil {
		if b.StepUp.MaxAge < 1 || b.StepUp.MaxAge > maxSeconds {
			return &Error{KindContentMatch, "step_up.max_session_age_seconds", "is not 1 to 86400"}
		}
		r.MaxSessionAge = time.Duration(b.StepUp.MaxAge) * time.Second
	}
	for i, pb := range b.Params {
		p := Param{Name: pb.Name, Op: pb.Op}
		if err := p.readValue(pb.Value); err != nil {
			return &Error{KindContentMatch, fmt.Sprintf("params[%d].value", i), "does not fit its op"}
		}
		r.Params = append(r.Params, p)
	}
	return nil
}

func (p *Param) readValue(raw jsontext.Value) error {
	switch p.Op {
	case OpAnyIn, OpNotSubsetOf:
		var list []*string
		if err := json.Unmarshal(raw, &list); err != nil {
			return err
		}
		p.Patterns = []string{}
		for _, s := range list {
			if s == nil {
				return errors.New("a pattern is null")
			}
			p.Patterns = append(p.Patterns, *s)
		}
		return nil
	case OpOutsideWindows:
		var w windowsBody
		err := json.Unmarshal(raw, &w, json.RejectUnknownMembers(true))
		p.Windows, p.Timezone = w.Windows, w.Timezone
		return err
	}
	if raw.Kind() == '"' {
		return json.Unmarshal(raw, &p.Text)
	}
	return json.Unmarshal(raw, &p.Number)
}
