package console

import "time"

// Message is a page of a few words.
type Message struct {
	Lines   []Block
	Command Text // to be typed into a shell, "" = none
	Links   []Link
}

func (*Message) template() string { return "message" }

// SignIn asks whoever opened a sign-in link to go on.
type SignIn struct{ Operator Text }

func (*SignIn) template() string { return "signin" }

// Confirm asks before something is done.
type Confirm struct {
	Lines  []Block
	Facts  []Fact
	Button Text
	Danger bool
	Back   Href
}

func (*Confirm) template() string { return "confirm" }

// Fact is one line of a list of facts.
type Fact struct {
	Name  Text
	Value Block
	Href  Href // of the value, "" = none
	At    time.Time
}

// Overview is the first page.
type Overview struct {
	Counts    []Count
	Waiting   []ApprovalRow
	Runs      []RunRow
	Refused   []CallRow
	Attention []Notice
}

func (*Overview) template() string { return "overview" }

// Count is a number with a link to what was counted.
type Count struct {
	N    Text
	What Text
	Href Href
}

// Notice is something that the operator should look at.
type Notice struct {
	Link Link
	What Text
	At   time.Time
}

// Runs is the list of runs, the newest first.
type Runs struct {
	Rows  []RunRow
	Older Href
}

func (*Runs) template() string { return "runs" }

// RunRow is a run in a list.
type RunRow struct {
	Run                                     Link
	Agents                                  []Text
	Calls, Refused, Failed, Waiting, Intent Text // numbers, "" = none
	First, Last                             time.Time
	Took                                    Text
}

// Timeline is calls and spans in the order in which they began.
type Timeline struct {
	By, ID         Text // "run", "thread" or "trace", and which
	Rows           []TimelineRow
	Calls, Spans   int
	Began          time.Time
	Took           Text
	Newest         bool // the newest calls are on this page
	Earlier, Later Href
	Follow, Stop   Href // one of them
	Search         Href
}

func (*Timeline) template() string { return "timeline" }

// TimelineRow is a call, or a span that a client told of.
type TimelineRow struct {
	Call        bool
	Depth       int // how deep it hangs below other spans
	Name        Link
	Tool        Text
	Detail      Text
	Agent       Text
	Outcome     Text
	State       Class // ok, refused, failed, waiting or open
	Rule        Text
	Offset      Text
	Took        Text
	Bar         []Segment
	Description Text // of the bar, in words
}

// Segment is a part of a bar, in thousandths of the page's time.
type Segment struct {
	Kind Class // wait, vault, provider or span
	X, W int
}

// CallRow is a call in a list.
type CallRow struct {
	At      time.Time
	Call    Link
	Run     Link
	Agent   Text
	Grant   Link
	Outcome Text
	State   Class
	Rule    Text
}

// Call is one row of the trail, whole.
type Call struct {
	Outcome Text
	State   Class
	Decided []Fact // by the vault
	Claimed []Fact // by the client
}

func (*Call) template() string { return "call" }

// Audit is the search of the trail.
type Audit struct {
	Fields   []Field
	Since    Field
	Until    Field
	Outcomes []Choice
	Rows     []CallRow
	Older    Href
	Stopped  time.Time // where the search paused without having found a page full
	Fault    Text
}

func (*Audit) template() string { return "audit" }

// Field is an input with its label.
type Field struct{ Name, Label, Value Text }

// Choice is an entry of a select.
type Choice struct {
	Value, Label Text
	Chosen       bool
}

// Changes lists what was changed, and by whom.
type Changes struct {
	Rows  []ChangeRow
	Older Href
}

func (*Changes) template() string { return "changes" }

// ChangeRow is one change.
type ChangeRow struct {
	At      time.Time
	Action  Text
	Of      Link
	By      Text
	Details Text
}

// Approvals lists calls that wait, or waited, for a person.
type Approvals struct {
	Waiting []ApprovalRow
	Decided []ApprovalRow
	Older   Href
}

func (*Approvals) template() string { return "approvals" }

// ApprovalRow is a held call in a list.
type ApprovalRow struct {
	Call     Link
	Agent    Text
	Grant    Text
	Status   Text
	State    Class
	By       Text
	Asked    time.Time
	Deadline time.Time
}

// Approval is a held call, with its form while it can be decided.
type Approval struct {
	Status Text
	State  Class
	Asks   []Block
	Facts  []Fact
	Gates  []GateRow
	Fields []RequestField
	Decide bool
	Gone   bool // the request is no longer kept
}

func (*Approval) template() string { return "approval" }

// GateRow is one decision of several.
type GateRow struct {
	Rule, Status, By Text
	State            Class
	Deadline         time.Time
}

// RequestField is one part of a request.
type RequestField struct {
	Place, Name Text
	Value       Whole
	Note        Text // what the operation says of it
}

// Grants lists grants.
type Grants struct {
	Fields []Field
	Rows   []GrantRow
	Older  Href
}

func (*Grants) template() string { return "grants" }

// GrantRow is a grant in a list.
type GrantRow struct {
	Grant     Link
	Account   Text
	Owner     Block
	Status    Text
	State     Class
	Delegates Text
	Expires   time.Time
	Used      time.Time
}

// Grant is a grant and the paths to it.
type Grant struct {
	Status      Text
	State       Class
	Facts       []Fact
	Owner       Block
	Delegations []Delegation
	Revoke      Href // "" = is revoked
	Calls       Href
	Changes     Href
}

func (*Grant) template() string { return "grant" }

// Delegation is a path to a grant, with those that hang on it.
type Delegation struct {
	Agent    Link
	Scopes   Text
	Notes    []Text
	Expires  time.Time
	Revoke   Href
	Children []Delegation
}

// Agents lists agents.
type Agents struct {
	Rows  []AgentRow
	Older Href
}

func (*Agents) template() string { return "agents" }

// AgentRow is an agent in a list.
type AgentRow struct {
	Agent  Link
	Name   Text // when it is not what the link says
	App    Text
	Status Text
	State  Class
	Keys   Text
	Used   time.Time
}

// Agent is an agent with its keys.
type Agent struct {
	Status          Text
	State           Class
	Facts           []Fact
	Keys            []KeyRow
	Suspend, Resume Href // one of them, or none
	Grants, Calls   Href
	Changes         Href
}

func (*Agent) template() string { return "agent" }

// Keys lists keys.
type Keys struct {
	Rows  []KeyRow
	Older Href
}

func (*Keys) template() string { return "keys" }

// KeyRow is a key in a list. It does not hold the key.
type KeyRow struct {
	Name, Prefix      Text
	Owner             Link
	Kind              Text
	Scopes            Text
	Status            Text
	State             Class
	Used, Made        time.Time
	Deprecate, Revoke Href
}

// Sessions lists who is signed in.
type Sessions struct {
	Rows    []SessionRow
	SignOut Href
	All     Href
}

func (*Sessions) template() string { return "sessions" }

// SessionRow is one operator's session.
type SessionRow struct {
	Operator        Text
	Status          Text
	Made, Used, End time.Time
}
