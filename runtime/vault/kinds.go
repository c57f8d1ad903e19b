package vault

// kind is a node in the tree of error kinds. Every Err… variable of this
// package is one; errors.Is matches a kind and everything above it.
type kind struct {
	name   string
	parent *kind
	remedy string // what the reader can do; inherited from parent when empty
	retry  bool   // the same call may work later without anybody doing anything
}

// Error names the kind.
func (k *kind) Error() string { return "vault: " + k.name }

func (k *kind) advice() string {
	for ; k != nil; k = k.parent {
		if k.remedy != "" {
			return k.remedy
		}
	}
	return ""
}

func sub(parent *kind, name, remedy string) *kind {
	return &kind{name: name, parent: parent, remedy: remedy}
}

func transient(k *kind) *kind {
	k.retry = true
	return k
}

// The tree. Names without "Error" are those of the protocol's classes.
var (
	kindNetwork  = transient(&kind{name: "Network", remedy: "check that the address can be reached"})
	kindTimeout  = transient(sub(kindNetwork, "Timeout", ""))
	kindInvalid  = &kind{name: "InvalidInput"}
	kindNoGrant  = sub(kindInvalid, "NoGrant", "pass vault.Grant(id) to the call, bind one with agent.HTTPClient(vault.Grant(id)), or use vault.WithGrant(ctx, id)")
	kindBody     = sub(kindInvalid, "UnsupportedBody", "use vault.Retrieve mode for bodies that are not JSON")
	kindClosed   = &kind{name: "Closed", remedy: "make a new agent"}
	kindCred     = &kind{name: "UnsupportedCredential", remedy: "give the client a signer (vault.WithSigner(sigv4.New())), or use vault.Proxy mode for this grant"}
	kindEncoding = &kind{name: "UnreadableResponse"}
	kindLost     = &kind{name: "AuditUndelivered", remedy: "the vault shows these calls as not completed"}
	kindPending  = &kind{name: "ApprovalPending", remedy: "a person has to approve at the approval URL; then make the call again or fetch its result"}

	kindBackend       = &kind{name: "Backend"}
	kindBlocked       = sub(kindBackend, "BlockedDestination", "the grant is bound to other hosts: call one of those, or have the operator add this host to the grant")
	kindReAuth        = sub(kindBackend, "ReAuthRequired", "the owner has to connect the account again")
	kindGrantExpired  = sub(kindReAuth, "GrantExpired", "the grant has expired: ask its owner for a new one")
	kindGrantRevoked  = sub(kindReAuth, "GrantRevoked", "the grant was revoked: ask its owner for a new one")
	kindCredRevoked   = sub(kindReAuth, "CredentialRevoked", "")
	kindGrantDeleted  = sub(kindReAuth, "GrantDeleted", "the grant was deleted: use another one")
	kindGrantNotFound = sub(kindBackend, "GrantNotFound", "check the grant ID, and that the grant belongs to this agent or was delegated to it")
	kindDelegation    = sub(kindGrantNotFound, "AgentDelegationMissing", "")
	kindNoSpec        = sub(kindGrantNotFound, "SpecNotFound", "list what the vault has operations of with ProviderSpecs, or have the operator load an operation table")
	kindAmbiguous     = sub(kindBackend, "AmbiguousGrant", "name the grant by its ID")
	kindNoDelegated   = sub(kindBackend, "NoDelegatedGrant", "have the grant's owner delegate it to this agent")
	kindPolicy        = sub(kindBackend, "PolicyViolation", "the vault's policy refuses this call: change the call or have the operator change the policy")
	kindStepUp        = sub(kindPolicy, "StepUpRequired", "the user has to sign in again")
	kindRedact        = sub(kindPolicy, "RedactDischargeFailed", "")
	kindProxyOnly     = sub(kindBackend, "RestrictedGrantRequiresProxy", "use vault.Auto or vault.Proxy mode for this grant")
	kindNotDelegable  = sub(kindBackend, "GrantNotDelegable", "have the grant's owner allow handing it on")
	kindUnsupported   = sub(kindBackend, "ServerFeatureUnsupported", "use a newer vault")
	kindSiblingLabel  = sub(kindBackend, "SiblingLabelConflict", "choose another label")
	kindCredID        = sub(kindBackend, "CredentialIdRequired", "name the credential by its ID")
	kindNotAssignable = sub(kindBackend, "EndUserCredentialNotAssignable", "choose a credential of the operator")
	kindScope         = sub(kindBackend, "InsufficientScope", "give the key the missing scopes")
	kindRefreshing    = transient(sub(kindBackend, "TokenRefreshInProgress", "try again in a moment"))
	kindQuota         = sub(kindBackend, "QuotaExceeded", "wait for the next quota window")
	kindRateLimit     = transient(sub(kindBackend, "RateLimit", "wait and try again"))

	// Not in the protocol, which calls these three plain backend errors.
	kindSignature = sub(kindBackend, "InvalidSignature", "check the API key, and that nothing between here and the vault changes requests")
	kindClock     = sub(kindBackend, "ClockSkew", "set this machine's clock")
	kindReplay    = sub(kindBackend, "ReplayedRequest", "something repeats requests on their way to the vault")

	kindAssertion = &kind{name: "MemoryIsolation", remedy: "ask for a new assertion, and check who it was made for"}

	kindUserToken = &kind{name: "UserToken", remedy: "have the user sign in again"}

	kindProvider             = &kind{name: "ProviderAPI"}
	kindScopeReauth          = sub(kindProvider, "ScopeReauthRequired", "the owner has to connect again with the missing scopes")
	kindProviderUnauthorized = sub(kindProvider, "ProviderUnauthorized", "the provider refuses the grant's credential: the owner has to connect the account again")

	kindConnectFlow    = &kind{name: "ConnectFlow"}
	kindConnectDenied  = sub(kindConnectFlow, "ConnectDenied", "the user refused: ask again only when the user wants to")
	kindConnectConfig  = sub(kindConnectFlow, "ConnectConfig", "the operator has to complete the provider's configuration in the vault")
	kindConnectTimeout = sub(kindConnectFlow, "ConnectTimeout", "start a new session")

	kindApproval        = &kind{name: "Approval"}
	kindApprovalDenied  = sub(kindApproval, "ApprovalDenied", "the person said no: change the call")
	kindApprovalExpired = sub(kindApproval, "ApprovalExpired", "make the call again")
	kindApprovalTimeout = sub(kindApproval, "ApprovalTimeout", "wait again: the approval may still come")
	kindApprovalFailed  = sub(kindApproval, "ApprovalExecutionFailed", "make the call again, which asks again")

	kindAgent             = sub(kindBackend, "Agent", "")
	kindInvalidKey        = sub(kindAgent, "InvalidKey", "check the API key")
	kindKeyRevoked        = sub(kindAgent, "KeyRevoked", "use another API key: this one was revoked")
	kindKeyExpired        = sub(kindAgent, "KeyExpired", "use another API key: this one has expired")
	kindKeyRotation       = sub(kindAgent, "KeyRotationExpired", "use the key that replaced this one")
	kindKeyInactive       = sub(kindAgent, "KeyInactive", "have the operator activate the key")
	kindKeyApp            = sub(kindAgent, "KeyAppNotFound", "check that the key's application still exists")
	kindKeyAlreadyRevoked = sub(kindAgent, "KeyAlreadyRevoked", "make another key: a revoked one stays revoked")
	kindKeyNotFound       = sub(kindAgent, "KeyNotFound", "check the key's ID")
	kindAgentNotFound     = sub(kindAgent, "AgentNotFound", "check the agent's ID")
	kindAgentInactive     = sub(kindAgent, "AgentInactive", "have the operator resume the agent")
	kindAgentRevoked      = sub(kindAgent, "AgentRevoked", "the agent was revoked: use another one")
	kindCallerMismatch    = sub(kindAgent, "CallerAgentMismatch", "drop vault.WithCaller, or use the key of the agent that it names")
	kindCallerResolution  = transient(sub(kindAgent, "CallerAgentResolution", "try again"))
	kindMeKey             = sub(kindAgent, "MeRequiresAgentKey", "use the agent's own key")
	kindSubagents         = sub(kindAgent, "AgentCannotMintSubagents", "use an application's key")
	kindAgentName         = sub(kindAgent, "AgentNameExists", "choose another name")
	kindAgentUpdate       = sub(kindAgent, "AgentConcurrentUpdate", "read the agent again and repeat the change")
	kindIdemBody          = sub(kindAgent, "IdempotencyKeyBodyMismatch", "use another idempotency key for another agent")
	kindIdemRevoked       = sub(kindAgent, "IdempotencyKeyAgentRevoked", "use another idempotency key: the agent that this one made was revoked")
	kindIdemInactive      = sub(kindAgent, "IdempotencyKeyAgentInactive", "have the agent that this idempotency key made resumed")
	kindLastKey           = sub(kindAgent, "LastActiveKey", "make another key first")
	kindKeyLimit          = sub(kindAgent, "AgentKeyLimit", "revoke a key first")
)

// Kinds of errors, for errors.Is. A kind matches the kinds listed below it
// under "covers" too. Any answer of the vault that is an error is an *[Error];
// so are refusals that this package decides before anything is sent.
var (
	// Decided here, before anything was sent.
	ErrInvalidInput    error = kindInvalid   // a value breaks a rule; errors.As gives a *ValueError; covers ErrNoGrant, ErrUnsupportedBody
	ErrNoGrant         error = kindNoGrant   // the call names no grant
	ErrUnsupportedBody error = kindBody      // the mode cannot carry the request's body
	ErrClosed          error = kindClosed    // the agent or app was closed
	ErrUserToken       error = kindUserToken // the function of WithUserToken failed or gave ""; covers nothing, its error is the cause

	// An assertion that somebody sent does not pass; no vault was asked.
	ErrIdentityAssertion error = kindAssertion // Details.Reason says why

	// Faults on the way.
	ErrNetwork               error = kindNetwork  // vault or provider not reached; covers ErrTimeout
	ErrTimeout               error = kindTimeout  // no answer in time
	ErrUnsupportedCredential error = kindCred     // a credential that signs (AWS), and the client has no signer: WithSigner
	ErrUnreadableResponse    error = kindEncoding // the response's content coding cannot be checked for the credential
	ErrAuditUndelivered      error = kindLost     // Close: audit reports did not reach the vault
	ErrApprovalPending       error = kindPending  // a person has to approve; errors.As gives a *PendingApproval

	// Answers of the vault.
	ErrVault                  error = kindBackend       // any error answer; covers this group and the next
	ErrBlockedDestination     error = kindBlocked       // the URL is none of the grant's hosts
	ErrReAuthRequired         error = kindReAuth        // covers the next four
	ErrGrantExpired           error = kindGrantExpired  //
	ErrGrantRevoked           error = kindGrantRevoked  //
	ErrCredentialRevoked      error = kindCredRevoked   //
	ErrGrantDeleted           error = kindGrantDeleted  //
	ErrGrantNotFound          error = kindGrantNotFound // no such grant, or none that this agent can reach
	ErrAgentDelegationMissing error = kindDelegation    // how ErrGrantNotFound looks for an agent
	ErrSpecNotFound           error = kindNoSpec        // no such provider or operation in ProviderSpecs; part of ErrGrantNotFound as in the protocol
	ErrAmbiguousGrant         error = kindAmbiguous
	ErrNoDelegatedGrant       error = kindNoDelegated
	ErrPolicyViolation        error = kindPolicy // covers ErrStepUpRequired, ErrRedactDischargeFailed
	ErrStepUpRequired         error = kindStepUp
	ErrRedactDischargeFailed  error = kindRedact
	ErrRequiresProxy          error = kindProxyOnly // the grant works in proxy mode only
	ErrGrantNotDelegable      error = kindNotDelegable
	ErrFeatureUnsupported     error = kindUnsupported
	ErrLabelConflict          error = kindSiblingLabel
	ErrCredentialIDRequired   error = kindCredID
	ErrNotAssignable          error = kindNotAssignable
	ErrInsufficientScope      error = kindScope // the API key lacks a scope
	ErrTokenRefreshInProgress error = kindRefreshing
	ErrQuotaExceeded          error = kindQuota
	ErrRateLimited            error = kindRateLimit
	ErrInvalidSignature       error = kindSignature // the vault does not take the request's signature
	ErrClockSkew              error = kindClock     // this machine's clock and the vault's are too far apart
	ErrReplayedRequest        error = kindReplay    // the vault has seen the request before

	ErrAgent                    error = kindAgent // about keys and agents; covers the rest of this group
	ErrInvalidKey               error = kindInvalidKey
	ErrKeyRevoked               error = kindKeyRevoked
	ErrKeyExpired               error = kindKeyExpired
	ErrKeyRotationExpired       error = kindKeyRotation
	ErrKeyInactive              error = kindKeyInactive
	ErrKeyAppNotFound           error = kindKeyApp
	ErrKeyAlreadyRevoked        error = kindKeyAlreadyRevoked
	ErrKeyNotFound              error = kindKeyNotFound
	ErrAgentNotFound            error = kindAgentNotFound
	ErrAgentInactive            error = kindAgentInactive
	ErrAgentRevoked             error = kindAgentRevoked
	ErrCallerAgentMismatch      error = kindCallerMismatch
	ErrCallerAgentResolution    error = kindCallerResolution
	ErrMeRequiresAgentKey       error = kindMeKey
	ErrCannotMintSubagents      error = kindSubagents
	ErrAgentNameExists          error = kindAgentName
	ErrAgentConcurrentUpdate    error = kindAgentUpdate
	ErrIdempotencyBodyMismatch  error = kindIdemBody
	ErrIdempotencyAgentRevoked  error = kindIdemRevoked
	ErrIdempotencyAgentInactive error = kindIdemInactive
	ErrLastActiveKey            error = kindLastKey
	ErrAgentKeyLimit            error = kindKeyLimit

	// The provider's own errors, as Request reports them; errors.As gives a
	// *ProviderError.
	ErrProvider             error = kindProvider             // covers the next two
	ErrScopeReauthRequired  error = kindScopeReauth          // the grant lacks scopes: Details.Missing, when the provider named them; also an answer of the vault
	ErrProviderUnauthorized error = kindProviderUnauthorized // the provider refuses the credential

	// Answers too, but no part of ErrVault, as in the protocol.
	ErrConnectFlow     error = kindConnectFlow    // a session ended without a result; covers the next three
	ErrConnectDenied   error = kindConnectDenied  // the user said no
	ErrConnectConfig   error = kindConnectConfig  // the vault's configuration is not complete
	ErrConnectTimeout  error = kindConnectTimeout // Details.Reason says of which limit
	ErrApproval        error = kindApproval       // covers the next four
	ErrApprovalDenied  error = kindApprovalDenied
	ErrApprovalExpired error = kindApprovalExpired
	ErrApprovalTimeout error = kindApprovalTimeout
	ErrApprovalFailed  error = kindApprovalFailed
)
