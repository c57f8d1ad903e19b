"""Listing, minting, delegating and revoking grants."""

import asyncio
import datetime
import uuid

import alter_sdk

from harness import browse, case, equal, fresh, raises, true


async def listed(client, **filters):
    """All grants of a client, page by page."""
    out, offset = [], 0
    while True:
        page = await client.list_grants(limit=2, offset=offset, **filters)
        equal("limit", page.limit, 2)
        equal("offset", page.offset, offset)
        out += page.grants
        if not page.has_more:
            equal("total", page.total, len(out))
            return out
        true("a page with more to come is empty", page.grants)
        offset += 2


@case("App.list_grants", "Agent.list_grants")
async def lists(w):
    async with w.app() as app, w.agent() as agent:
        by_id = {g.grant_id: g for g in await listed(app)}
        true("the app does not list the agent's own grant", w.grant_id in by_id)
        true("the app does not list the user's grant", w.user_grant_id in by_id)
        equal("principal", by_id[w.user_grant_id].principal_type, "user")
        mine = await listed(agent)
        true("the agent does not list its own grant", w.grant_id in [g.grant_id for g in mine])
        for g in mine:
            equal("grant_kind", g.grant_kind, "oauth")
            equal("status", g.status, "active")
            equal("provider_id", g.provider_id, "github")
            true("created_at is empty", g.created_at)
        other = await w.new_agent(app)
        async with w.agent(key=other.api_key) as stranger:
            equal("grants of an agent that reaches none", await listed(stranger), [])
        equal("of another provider", await listed(app, provider_id="no-such-provider"), [])
        true("by provider", len(await listed(app, provider_id="github")) >= 2)
        equal("revoked ones have their status", all(g.status == "active" for g in await listed(app, status="active")), True)
        async with raises(alter_sdk.AlterValueError):
            await app.list_grants(limit=0)
        async with raises(alter_sdk.ReAuthRequiredError, status=401):
            await app.list_grants(end_user_token="no-token-at-all")


@case("App.list_grants", "App")
async def lists_of_one_user(w):
    async with w.app() as app:
        user = await w.sign_in(app)
        mine = await listed(app, end_user_token=user.user_token)
        true("a user lists the agent's own grant", w.grant_id not in [g.grant_id for g in mine])
    async with w.app(user_token_getter=lambda: user.user_token) as app:
        equal("by getter", [g.grant_id for g in await listed(app)], [g.grant_id for g in mine])
    async with w.app(user_token_getter=lambda: "") as app:
        async with raises(alter_sdk.AlterSDKError):
            await app.list_grants()


@case("App.mint_grant", "App.request", "App.revoke_grant", "App.list_grants")
async def minting(w):
    async with w.app() as app:
        label = fresh("label")
        minted = await app.mint_grant(w.user_grant_id, label=label, grant_tags=["a", "b"])
        true("the sibling has the ID of its source", minted.grant_id != w.user_grant_id)
        equal("label", minted.label, label)
        equal("status", minted.status, "active")
        equal("principal_type", minted.principal_type, "user")
        equal("one login", (await app.request("GET", w.url(), grant_id=minted.grant_id)).json(),
              (await app.request("GET", w.url(), grant_id=w.user_grant_id)).json())
        equal("by label", [g.grant_id for g in await listed(app, label=label)], [minted.grant_id])
        async with raises(alter_sdk.SiblingLabelConflictError, status=409, label=label):
            await app.mint_grant(w.user_grant_id, label=label)
        async with raises(alter_sdk.GrantNotFoundError, status=404):
            await app.mint_grant(str(uuid.uuid4()), label=label)
        async with raises(alter_sdk.BackendError, status=422):
            await app.mint_grant(w.user_grant_id, label=fresh("label"), grant_policy={"expires_at": "never"})
        result = await app.revoke_grant(minted.grant_id, reason="test")
        equal("success", result.success, True)
        equal("the source still works", (await app.request("GET", w.url(), grant_id=w.user_grant_id)).status_code, 200)


@case("App.mint_grant")
async def an_agents_key_mints_nothing(w):
    async with w.app(key=w.agent_key) as app:
        async with raises(alter_sdk.PolicyViolationError, status=403, policy_error="agents_cannot_mint"):
            await app.mint_grant(w.grant_id, label=fresh("label"))


@case("App.mint_grant", "Agent.request", "App.request")
async def an_expired_grant(w):
    async with w.app() as app:
        soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)).isoformat()
        minted = await app.mint_grant(w.user_grant_id, label=fresh("label"), grant_policy={"expires_at": soon})
        equal("before", (await app.request("GET", w.url(), grant_id=minted.grant_id)).status_code, 200)
        await asyncio.sleep(2.2)
        for call in (app.request, app.proxy_request):
            async with raises(alter_sdk.GrantExpiredError, status=403):
                await call("GET", w.url(), grant_id=minted.grant_id)
        item = next(g for g in await listed(app) if g.grant_id == minted.grant_id)
        equal("status in the list", item.status, "expired")


@case("App.revoke_grant", "App.request", "App.proxy_request")
async def a_revoked_grant(w):
    async with w.app() as app:
        minted = await w.own_grant(app)
        result = await app.revoke_grant(minted.grant_id)
        equal("grant_id", result.grant_id, minted.grant_id)
        true("revoked_at is empty", result.revoked_at)
        for call in (app.request, app.proxy_request):
            async with raises(alter_sdk.GrantRevokedError, status=400):
                await call("GET", w.url(), grant_id=minted.grant_id)
        async with raises(alter_sdk.GrantNotFoundError):
            await app.revoke_grant(str(uuid.uuid4()))
        async with raises(alter_sdk.AlterValueError):
            await app.revoke_grant("no-uuid")


@case("App.revoke_grant")
async def a_user_revokes_only_his_own(w):
    async with w.app() as app:
        user = await w.sign_in(app)
        other = await w.own_grant(app)
    async with w.app(user_token_getter=lambda: user.user_token) as app:
        owner = [g.grant_id for g in await listed(app)]
        if other.grant_id in owner:
            return  # the signed-in user is the owner of the user's grant
        async with raises(alter_sdk.GrantNotFoundError):
            await app.revoke_grant(other.grant_id)


@case("Agent.request", "Agent.proxy_request", "App.request", "App.proxy_request")
async def grants_nobody_has(w):
    async with w.app() as app:
        other = await w.new_agent(app)
        for call in (app.request, app.proxy_request):
            async with raises(alter_sdk.GrantNotFoundError, status=404, code="grant_not_found"):
                await call("GET", w.url(), grant_id=str(uuid.uuid4()))
    async with w.agent(key=other.api_key) as agent:
        texts = set()
        for grant in (str(uuid.uuid4()), w.grant_id, w.user_grant_id):
            for call in (agent.request, agent.proxy_request):
                async with raises(alter_sdk.AgentDelegationMissingError, status=404, code="grant_not_found") as caught:
                    await call("GET", w.url(), grant_id=grant)
                texts.add((str(caught.error), caught.error.provider_id))
        equal("answers for grants that exist and that do not", len(texts), 1)


@case("Agent.delegate", "Agent.request", "App.revoke_delegation", "Agent.revoke_delegation")
async def delegation(w):
    async with w.app() as app, w.agent() as agent:
        other = await w.new_agent(app)
        async with w.agent(key=other.api_key) as child:
            async with raises(alter_sdk.GrantNotDelegableError, status=403) as caught:
                await agent.delegate(w.user_grant_id, str(other.id))
            true("no reason", caught.error.detail_reason)
            user = await w.sign_in(app)
            session = await app.create_connect_session(
                allowed_providers=["github"], user_token=user.user_token, agent=w.agent_id, delegable=True)
            await browse(session.connect_url)
            held = (await app.poll_connect_session(session.session_token, timeout=20, poll_interval=0.1))[0]
            equal("delegable", held.delegation.delegable, True)
            result = await agent.delegate(held.grant_id, str(other.id), delegable=False, ttl_seconds=600)
            equal("depth", result.depth >= 1, True)
            equal("status", result.status, "active")
            equal("grant_kind", result.grant_kind, "oauth")
            equal("delegable", result.delegable, False)
            grant = result.grant_id
            equal("the child's call", (await child.request("GET", w.url(), grant_id=grant)).status_code, 200)
            true("the child does not list it", grant in [g.grant_id for g in await listed(child)])
            async with raises(alter_sdk.GrantNotDelegableError, status=403):
                await child.delegate(grant, w.agent_id)
            async with raises(alter_sdk.BackendError, status=409):
                await agent.delegate(held.grant_id, str(other.id))
            await child.revoke_delegation(grant)
            await child.revoke_delegation(grant)  # idempotent
            async with raises(alter_sdk.AgentDelegationMissingError):
                await child.request("GET", w.url(), grant_id=grant)
        async with raises(alter_sdk.AgentNotFoundError, status=404):
            await agent.delegate(w.user_grant_id, str(uuid.uuid4()))
        async with raises(alter_sdk.GrantNotFoundError, status=404):
            await agent.delegate(str(uuid.uuid4()), str(other.id))
        async with raises(alter_sdk.AlterValueError):
            await agent.delegate(w.user_grant_id, str(other.id), ttl_seconds=0)


@case("App.revoke_delegation", "Agent.revoke_delegation")
async def the_two_forms_of_revoking_a_delegation(w):
    async with w.app() as app:
        other = await w.new_agent(app)
        await app.revoke_delegation(w.user_grant_id, str(other.id))  # nothing to revoke: idempotent
        async with raises(alter_sdk.AlterValueError):
            await app.revoke_delegation(w.user_grant_id, "no-uuid")
    async with w.app(key=w.agent_key) as app:
        async with raises(alter_sdk.PolicyViolationError, status=403, policy_error="use_self_revoke_path"):
            await app.revoke_delegation(w.user_grant_id, w.agent_id)
    async with w.agent(key=w.app_key) as agent:
        async with raises(alter_sdk.PolicyViolationError, status=403, policy_error="agent_key_required"):
            await agent.revoke_delegation(w.user_grant_id)
