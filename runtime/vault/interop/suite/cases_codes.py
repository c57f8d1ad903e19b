"""Refusals that no other case provokes: each has that client's own class."""

import asyncio
import contextlib
import time
import unittest.mock

import alter_sdk

from harness import case, completed, equal, fresh, raises, true
from meddler import Meddler
from oauthprovider import OAuthProvider
from served import Provider

CALLS = ("Agent.request", "Agent.proxy_request", "App.request", "App.proxy_request")


async def connected(app, provider, **options):
    return (await completed(app, await app.create_connect_session(allowed_providers=[provider], **options))).grant_id


@case("App.request", "App.proxy_request", "App.create_connect_session_for_error", mode="serve", name="codes: a credential that the provider does not renew")
async def refresh(w):
    with OAuthProvider() as provider:
        provider.lifetime = 1
        w.operator("provider", "set", "renewing", *provider.flags(), stdin="test-secret-client\n")
        async with w.app() as app:
            grant = await connected(app, "renewing")
            await asyncio.sleep(1.1)
            equal("renewed", (await app.request("GET", provider.url + "/x", grant_id=grant)).json()["path"], "/x")
            equal("renewals", provider.renewed, 1)
            await asyncio.sleep(1.1)
            for mood, code, status in (("broken", "token_refresh_failed", 503), ("client", "provider_configuration_unavailable", 503)):
                provider.refresh = mood
                for call in (app.request, app.proxy_request):
                    async with raises(alter_sdk.BackendError, code=code, status=status):
                        await call("GET", provider.url + "/x", grant_id=grant)
            provider.refresh = "held"
            calls = [asyncio.create_task(call("GET", provider.url + "/x", grant_id=grant)) for call in (app.request, app.proxy_request)]
            for c in calls:
                async with raises(alter_sdk.TokenRefreshInProgressError, code="token_refresh_in_progress", status=409, grant_id=grant):
                    await c
            provider.refresh = "refused"
            provider.released.set()
            for call in (app.request, app.proxy_request):
                async with raises(alter_sdk.CredentialRevokedError, code="credential_revoked", status=400, grant_id=grant, provider_id="renewing") as caught:
                    await call("GET", provider.url + "/x", grant_id=grant)
            provider.refresh, provider.lifetime = "good", 3600
            equal("the same grant", (await completed(app, await app.create_connect_session_for_error(caught.error))).grant_id, grant)
            equal("repaired", (await app.request("GET", provider.url + "/x", grant_id=grant)).status_code, 200)


FOR_ERROR = ("App.create_connect_session_for_error", "App.request", "App.list_grants")


@case(*FOR_ERROR, "App.proxy_request", mode="serve", name="codes: scopes that are missing, a grant that is over and a credential that is refused are repaired by a session for the error")
async def for_error(w):
    with OAuthProvider() as provider:
        w.operator("provider", "set", "renewing", *provider.flags(), stdin="test-secret-client\n")
        async with w.app() as app:
            async def state(grant):
                [one] = [g for g in (await app.list_grants(provider_id="renewing")).grants if g.grant_id == grant]
                return one.status, one.scope_mismatch, one.needs_reconnect

            grant = await connected(app, "renewing")
            equal("fresh", await state(grant), ("active", False, False))
            async with raises(alter_sdk.ScopeReauthRequiredError, status_code=403, missing_scopes=["write"]):
                await app.request("GET", provider.url + "/narrow", grant_id=grant)
            for _ in range(100):  # the client reports it in the background
                if (await state(grant))[1]:
                    break
                await asyncio.sleep(0.05)
            equal("after the report", await state(grant), ("active", True, False))
            async with raises(alter_sdk.ScopeReauthRequiredError, status_code=403, missing_scopes=None) as caught:
                await app.request("GET", provider.url + "/forbidden", grant_id=grant)
            equal("by the vault's flag", (caught.error.details["source"], caught.error.provider_id), ("backend_flag", "renewing"))
            session = await app.create_connect_session_for_error(caught.error, required_scopes={"renewing": ["write"]})
            equal("the same grant", (await completed(app, session)).grant_id, grant)
            equal("after the repair", await state(grant), ("active", False, False))
            await app.proxy_request("GET", provider.url + "/narrow", grant_id=grant)
            equal("after a proxied call", await state(grant), ("active", True, False))

            over = await connected(app, "renewing", requested_grant={"label": fresh("label")}, grant_policy={"max_ttl_seconds": 1})
            await asyncio.sleep(1.1)
            async with raises(alter_sdk.GrantExpiredError, code="grant_expired", status=403, provider_id="renewing") as caught:
                await app.request("GET", provider.url + "/x", grant_id=over)
            true("no session for an expired grant", (await app.create_connect_session_for_error(caught.error)).connect_url)


@case("App.create_connect_session", "Agent.create_connect_session", "App.create_auth_session", mode="serve", name="codes: connect sessions that cannot be made")
async def sessions(w):
    with OAuthProvider() as provider:
        w.operator("provider", "set", "renewing", *provider.flags(), stdin="test-secret-client\n")
        async with w.app() as app, w.agent() as agent:
            one = dict(allowed_providers=["renewing"])
            for client, arguments, code, status, cls in (
                    (app, dict(allowed_providers=["nowhere"]), "provider_not_configured", 400, alter_sdk.BackendError),
                    (app, one | dict(required_scopes={"renewing": ["admin"]}), "scope_not_allowed", 400, alter_sdk.BackendError),
                    (app, one | dict(return_url="javascript:1"), "invalid_return_url", 422, alter_sdk.BackendError),
                    (app, one | dict(allowed_origin="https://x.example/path"), "invalid_origin", 400, alter_sdk.BackendError),
                    (app, one | dict(agent=w.agent_id), "agent_requires_user_token", 400, alter_sdk.BackendError),
                    (app, one | dict(agent="44444444-4444-4444-8444-444444444444"), "agent_not_found", 404, alter_sdk.AgentNotFoundError),
                    (app, one | dict(scope_constraint=["read"]), "invalid_scope_constraint", 422, alter_sdk.BackendError),
                    (app, one | dict(user_token="none"), "jwt_validation_error", 401, alter_sdk.ReAuthRequiredError),
                    (app, one | dict(repair_grant_id="44444444-4444-4444-8444-444444444444"), "grant_not_found", 404, alter_sdk.GrantNotFoundError)):
                async with raises(cls, code=code, status=status):
                    await client.create_connect_session(**arguments)
            other = w.told("agent", "create", fresh("agent"))["ALTER_AGENT_ID"]
            async with raises(alter_sdk.BackendError, code="agent_cannot_delegate_to_other_agent", status=400):
                await agent.create_connect_session(**one, agent=other)
            async with raises(alter_sdk.ConnectConfigError, code="idp_signin_not_configured"):
                await app.create_auth_session()
            async with raises(alter_sdk.ConnectConfigError, code="idp_signin_not_configured"):
                await app.authenticate(timeout=1)


@case("App.request", "App.mint_grant", "App.proxy_request", name="codes: a sibling with restrictions")
async def limited(w):
    async with w.app() as app:
        sibling = await app.mint_grant(w.user_grant_id, label=fresh("label"), grant_policy={"restrictions": {"allowed_methods": ["GET"], "allowed_endpoints": ["/repos/*"]}})
        async with raises(alter_sdk.RestrictedGrantRequiresProxyError, code="restricted_grant_requires_proxy"):
            await app.request("GET", w.url(), grant_id=sibling.grant_id)
        for method, path in (("GET", "/user"), ("POST", "/repos/x")):
            async with raises(alter_sdk.PolicyViolationError, code="grant_restricted", status=403):
                await app.proxy_request(method, w.url(path), grant_id=sibling.grant_id)
        equal("within", (await app.proxy_request("GET", w.url("/repos/x"), grant_id=sibling.grant_id)).status_code, 404)
        async with raises(alter_sdk.PolicyViolationError, code="mint_source_has_grant_rules", status=403):
            await app.mint_grant(sibling.grant_id, label=fresh("label"))


@case("App.create_connect_session", "App.proxy_request", "App.request", name="codes: a connected grant that was asked for with restrictions")
async def requested(w):
    async with w.app() as app:
        label = fresh("label")
        grant = await connected(app, "github", requested_grant={"label": label, "restrictions": {"allowed_methods": ["GET"], "allowed_endpoints": ["/user"]}})
        equal("within", (await app.proxy_request("GET", w.url(), grant_id=grant)).status_code, 200)
        equal("its label", [g.label for g in (await app.list_grants(label=label)).grants], [label])
        for method, path in (("POST", "/user"), ("GET", "/users")):
            async with raises(alter_sdk.PolicyViolationError, code="grant_restricted", status=403):
                await app.proxy_request(method, w.url(path), grant_id=grant)
        async with raises(alter_sdk.RestrictedGrantRequiresProxyError, code="restricted_grant_requires_proxy"):
            await app.request("GET", w.url(), grant_id=grant)


@case("Agent.delegate", "Agent.request", "Agent.proxy_request", "App.create_connect_session", name="codes: a delegation that is narrowed to scopes")
async def narrowed(w):
    async with w.app() as app:
        user = await w.sign_in(app)
        first, second = await w.new_agent(app), await w.new_agent(app)
        grant = await connected(app, "github", user_token=user.user_token, agent=str(first.id), delegable=True)
        async with w.agent(key=first.api_key) as holder, w.agent(key=second.api_key) as receiver:
            async with raises(alter_sdk.BackendError, code="invalid_scope_constraint", status=422):
                await holder.delegate(grant, str(second.id), scope_constraint=["no:such"])
            await holder.delegate(grant, str(second.id), scope_constraint=["read:user"])
            async with raises(alter_sdk.RestrictedGrantRequiresProxyError, code="delegated_grant_requires_proxy", status=400):
                await receiver.request("GET", w.url(), grant_id=grant)
            async with raises(alter_sdk.PolicyViolationError, code="scope_constraint_violated", status=403):
                await receiver.proxy_request("GET", w.url("/no/such/operation"), grant_id=grant)


@case("keys.derive", "keys.rotate", "App.agents", "Agent.keys", name="codes: keys")
async def keys(w):
    async with w.app() as app, w.agent() as agent:
        derived = await app.keys.derive(scopes=["grants:read", "keys:admin"], expires_in=600, cidr_allowlist=["127.0.0.0/16"])
        async with w.app(key=derived.api_key) as small:
            async with raises(alter_sdk.BackendError, code="derived_key_cannot_rotate"):
                await small.keys.rotate(key_id=str(derived.id))
            async with raises(alter_sdk.InsufficientScopeError):
                await small.keys.derive(scopes=["grants:read"], expires_in=60)
        made = await w.new_agent(app)
        async with w.agent(key=made.api_key) as own:
            minted = (await app.agents.mint_key(str(made.id)))
            await own.keys.rotate(key_id=str(made.key_id), overlap_days=1)
            async with raises(alter_sdk.BackendError, code="key_already_rotated", status=409):
                await own.keys.rotate(key_id=str(made.key_id), overlap_days=1)
            true("no second key", minted.api_key)
        async with raises(alter_sdk.BackendError, code="legacy_managed_secret_name_rejected", status=422):
            await app.agents.create(name=fresh("agent"), scopes={"managed_secrets": ["Stripe"]})
        async with raises(alter_sdk.BackendError, code="invalid_agent_policy", status=422):
            await app.agents.create(name=fresh("agent"), scopes={}, policy={"no_such_rule": {}})
        gone = await w.new_agent(app)
        await app.agents.delete(str(gone.id))
        for call in (lambda: app.agents.mint_key(str(gone.id)), lambda: app.agents.resume(str(gone.id))):
            async with raises(alter_sdk.AgentRevokedError, code="agent_revoked"):
                await call()
        async with raises(alter_sdk.BackendError, code="body_too_large", status=413):
            await app.agents.create(name=fresh("agent"), scopes={}, metadata={"x": "y" * (2 << 20)})
        async with raises(alter_sdk.PolicyViolationError, code="app_key_required", status=403):
            async with w.app(key=w.agent_key) as wrong:
                await wrong.revoke_grant(w.grant_id)


@case("keys.derive", name="codes: the networks of a derived key")
async def networks(w):
    async with w.app() as app:
        narrow = await app.keys.derive(scopes=["grants:read"], expires_in=600, cidr_allowlist=["127.0.0.0/16"])
        async with raises(alter_sdk.BackendError, code="invalid_request", status=422):
            await app.keys.derive(scopes=["grants:read"], expires_in=600, cidr_allowlist=["here"])
        equal("its networks", narrow.cidr_allowlist, ["127.0.0.0/16"])


@case("Agent.proxy_request", "Agent.list_grants", mode="serve", name="codes: what reaches the vault out of time, twice, elsewhere or malformed")
async def spoilt(w):
    now = time.time
    async with w.agent() as agent:
        for off in (-400, 400):
            with unittest.mock.patch("time.time", lambda off=off: now() + off):
                async with raises(alter_sdk.BackendError, code="stale_timestamp", status=401):
                    await agent.list_grants()
        async with raises(alter_sdk.BackendError, code="forbidden_header", status=422):
            await agent.proxy_request("GET", w.url("/x"), grant_id=w.grant_id, extra_headers={"Transfer-Encoding": "chunked"})
        async with raises(alter_sdk.BackendError, code="upstream_encoding_unsupported", status=502):
            await agent.proxy_request("GET", w.url("/odd-encoding"), grant_id=w.grant_id)
        async with raises(alter_sdk.BackendError, code="query_too_long", status=422):
            await agent.proxy_request("GET", w.url("/x?" + "y" * 65536), grant_id=w.grant_id)
    kept = {}

    def again(headers):
        kept.update({k: v for k, v in headers.items() if k.lower().startswith("x-alter-")} if not kept else {})
        for name in list(headers):
            if name.lower().startswith("x-alter-"):
                del headers[name]
        headers.update(kept)

    with Meddler(w.base_url, again) as address, w.at(address):
        async with w.agent() as agent:
            await agent.list_grants()
            async with raises(alter_sdk.BackendError, code="replayed_nonce", status=401):
                await agent.list_grants()
    with w.at(w.base_url + "/elsewhere"):
        async with w.agent() as agent:  # the prefix is no part of what the client signs
            async with raises(alter_sdk.BackendError, code="invalid_signature", status=401):
                await agent.list_grants()


@case("Agent.proxy_request", mode="serve", name="codes: a provider that does not answer (begin)")
async def hangs(w):
    async def call():
        async with w.agent(timeout=110) as agent:
            async with raises(alter_sdk.BackendError, code="upstream_timeout", status=504):
                await agent.proxy_request("GET", w.url("/hangs"), grant_id=w.grant_id)

    w.shelf["hangs"] = asyncio.create_task(call())


@case("Agent.proxy_request", mode="serve-late", name="codes: a provider that did not answer (end)")
async def hung(w):
    await w.shelf["hangs"]


@case("Agent.request", "App.request", "Agent.proxy_request", mode="serve", name="codes: a grant that was deleted, one that is over, and one of another's")
async def ended(w):
    grant, over = w.daemon.grant(), w.daemon.grant("--ttl", "1s")
    w.operator("grant", "delete", grant)
    await asyncio.sleep(1.1)
    async with w.agent() as agent, w.app() as app:
        for c in (agent, app):
            for call in (c.request, c.proxy_request):
                async with raises(alter_sdk.GrantDeletedError, code="grant_deleted", status=410):
                    await call("GET", w.url("/x"), grant_id=grant)
                async with raises(alter_sdk.GrantExpiredError, code="grant_expired", status=403):
                    await call("GET", w.url("/x"), grant_id=over)


@case("Agent.create_managed_secret_connect_session", "Agent.request", mode="serve", name="codes: an agent's own key with a user token, where the daemon lets it select")
async def selecting(w):
    slug = fresh("secret")
    w.told("secret", "add", slug, "--kind", "bearer", "--host", w.provider_url, stdin="test-secret-selected\n")
    with OAuthProvider() as provider:
        with signing_in(w, provider):
            with w.daemon.beside("--user-token-delegation") as address, w.at(address):
                async with w.app() as app, w.agent() as agent:
                    user = (await w.sign_in(app)).user_token
                    session = await agent.create_managed_secret_connect_session(provider=slug, user_token=user)
                    equal("an agent is not told what the user has", (session.path, session.existing_grant_id, session.agent_id), (None, None, w.agent_id))
                    async with raises(alter_sdk.NoDelegatedGrantError, code="no_delegated_grant", status=404):
                        await agent.request("GET", w.url("/x"), provider=slug, user_token=user)


@contextlib.contextmanager
def signing_in(w, provider):
    """Users of the operator's vault sign in at the provider as long as the block runs."""
    w.operator("provider", "set", "idp", *provider.flags(), "--sign-in", "--subject-field", "login", "--groups-field", "groups", stdin="test-secret-client\n")
    try:
        yield
    finally:
        w.operator("provider", "remove", "idp")


@case("App.create_managed_secret_grant", "App.request", "App.list_grants", "App.resolve_identity", mode="serve", name="codes: a grant of a group is its members'")
async def groups(w):
    slug = fresh("secret")
    ident = w.told("secret", "add", slug, "--kind", "bearer", "--host", w.provider_url, stdin="test-secret-of-a-group\n")["SECRET_ID"]
    with OAuthProvider() as provider, signing_in(w, provider):
        async with w.app() as app:
            tokens = {}
            for login, member in (("ann", ["eng", "ops"]), ("bob", [])):
                provider.profile = {"login": login, "groups": member}
                tokens[login] = (await w.sign_in(app)).user_token
                equal("groups", (await app.resolve_identity(user_token=tokens[login])).group_ids, member)
            label = fresh("label")
            made = await app.create_managed_secret_grant(ident, principal=alter_sdk.GroupPrincipal(external_group_id="eng", idp_id="idp", label=label))
            equal("made", (made.principal_type, made.label), ("group", label))
            equal("a member", (await app.request("GET", w.url("/x"), provider=slug, user_token=tokens["ann"])).status_code, 200)
            equal("credential", Provider.seen[-1]["headers"]["Authorization"], "Bearer test-secret-of-a-group")
            for call in (app.request, app.proxy_request):
                async with raises(alter_sdk.GrantNotFoundError, status=404):
                    await call("GET", w.url("/x"), provider=slug, user_token=tokens["bob"])
            [listed] = (await app.list_grants(provider_id=slug, end_user_token=tokens["ann"])).grants
            equal("listed", (listed.grant_id, listed.principal_type), (made.grant_id, "group"))
            async with raises(alter_sdk.BackendError, code="group_principal_not_supported", status=422):
                await app.create_managed_secret_grant(ident, principal=alter_sdk.GroupPrincipal(external_group_id="eng", idp_id="elsewhere", label="x"))
