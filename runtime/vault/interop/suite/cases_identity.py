"""Who calls: keys, callers, impersonation, user tokens, closing."""

import os
import uuid

import httpx

import alter_sdk

from harness import case, equal, fresh, raises, true


@case("Agent", "Agent.me", "Agent.base_url", "Agent.close")
async def an_agents_own_key(w):
    async with w.agent() as agent:
        me = await agent.me()
        equal("me.id", str(me.id), w.agent_id)
        equal("me.type", me.type, "agent")
        equal("me.status", me.status, "active")
        true("me.name is empty", me.name)
        true("me.scopes is no map", isinstance(me.scopes, dict))
        true("me.policy is no map", isinstance(me.policy, dict))
        equal("base_url", agent.base_url, w.base_url)
    async with raises(alter_sdk.AlterSDKError):
        await agent.me()


@case("App", "App.base_url", "App.close", "App.agents", "App.keys", "App.scopes", "App.oauth_providers", "App.get_agent")
async def an_applications_key(w):
    async with w.app() as app:
        equal("base_url", app.base_url, w.base_url)
        true("an App has no me", not hasattr(app, "me"))
        true("an App has no trace", not hasattr(app, "trace"))
        for space in ("agents", "keys", "scopes", "oauth_providers"):
            true(f"no namespace {space}", getattr(app, space) is not None)
    async with raises(alter_sdk.AlterSDKError):
        await app.list_grants()
    async with raises(alter_sdk.AlterValueError):
        app.get_agent(w.agent_id)


@case("App.get_agent", "Agent.me", "Agent.request")
async def impersonation_has_the_same_identity(w):
    async with w.app() as app, w.agent() as direct:
        imp = app.get_agent(w.agent_id)
        equal("me.id", (await imp.me()).id, (await direct.me()).id)
        run = fresh("run")
        async with imp.trace(run_id=run):
            response = await imp.request("GET", w.url(), grant_id=w.grant_id)
        equal("status", response.status_code, 200)
        await imp.close()
    equal("agent_id of the row", w.one_row(run_id=run)["agent_id"], w.agent_id)


@case("App.get_agent", "App")
async def a_caller_nobody_knows(w):
    async with w.app() as app:
        stranger = app.get_agent(uuid.uuid4())
        async with raises(alter_sdk.AgentNotFoundError):
            await stranger.me()
        async with raises(alter_sdk.AgentNotFoundError):
            await stranger.request("GET", w.url(), grant_id=w.grant_id)
        await stranger.close()
    async with w.app(caller=str(uuid.uuid4())) as app:
        async with raises(alter_sdk.AgentNotFoundError):
            await app.list_grants()


@case("App", "App.actor_id", "App.request")
async def an_app_with_a_caller(w):
    async with w.app(caller="billing-cron", caller_type="service") as app:
        for _ in range(3):  # from the second call on with X-Alter-Actor-ID
            response = await app.request("GET", w.url(), grant_id=w.grant_id, reason="nightly")
            equal("status", response.status_code, 200)
        if app.actor_id is not None:
            uuid.UUID(app.actor_id)


@case("Agent", "Agent.actor_id")
async def an_agent_with_a_caller_of_another_agent(w):
    async with w.app() as app:
        other = await w.new_agent(app)
    async with w.agent(caller=str(other.id)) as agent:
        async with raises(alter_sdk.CallerAgentMismatchError):
            await agent.request("GET", w.url(), grant_id=w.grant_id)
    async with w.agent(caller="tool-runner") as agent:
        equal("me", str((await agent.me()).id), w.agent_id)
        if agent.actor_id is not None:
            uuid.UUID(agent.actor_id)


@case("App.request", "Agent.request")
async def a_caller_for_one_call(w):
    run = fresh("run")
    async with w.agent() as agent:
        response = await agent.request("GET", w.url(), grant_id=w.grant_id, caller="one-off", context={"run_id": run})
        equal("status", response.status_code, 200)
    equal("agent_id", w.one_row(run_id=run)["agent_id"], w.agent_id)


@case("Agent.last_rate_limit", "App.last_rate_limit", "Agent.last_retry_info", "App.last_retry_info")
async def snapshots(w):
    async with w.agent() as agent, w.app() as app:
        await agent.request("GET", w.url(), grant_id=w.grant_id)
        await app.request("GET", w.url(), grant_id=w.grant_id)
        for client in (agent, app):
            # The try-out vault sets no rate limit, and answers without retries of its own.
            equal("last_rate_limit", client.last_rate_limit, None)
            equal("last_retry_info", client.last_retry_info, None)


@case("Agent", "App")
async def keys_that_are_none(w):
    for bad in ("", " ", "alter_rk_short", "alter_pat_abcdefghijklmnopqrstuv_iwpykn", w.app_key + "\n"):
        for cls in (alter_sdk.App, alter_sdk.Agent):
            async with raises(alter_sdk.AlterSDKError):
                cls(api_key=bad)
    key = w.app_key[:-1] + ("a" if w.app_key[-1] != "a" else "b")
    async with raises(alter_sdk.AlterSDKError):
        alter_sdk.App(api_key=key)
    os.environ["ALTER_BASE_URL"], keep = "http://127.0.0.2", os.environ["ALTER_BASE_URL"]
    try:
        async with raises(alter_sdk.AlterSDKError):
            alter_sdk.App(api_key=w.app_key)
    finally:
        os.environ["ALTER_BASE_URL"] = keep


@case("Agent.request", "Agent.proxy_request")
async def an_agents_own_key_with_a_user_token(w):
    for getter in (None, lambda: "a-user-token"):
        async with w.agent(user_token_getter=getter) as agent:
            token = {} if getter else {"user_token": "a-user-token"}
            for call in (agent.request, agent.proxy_request):
                async with raises(alter_sdk.BackendError, status=400):
                    await call("GET", w.url(), grant_id=w.grant_id, **token)


@case("App.resolve_identity", "App.assert_identity", "Agent.resolve_identity", "Agent.assert_identity")
async def identity_is_resolved_and_vouched_for(w):
    audience = "https://memory.example.com"
    async with httpx.AsyncClient() as plain:
        jwks = (await plain.get(w.base_url + "/.well-known/alter-identity-jwks.json")).json()
    async with w.app() as app, w.agent() as agent:
        user = await w.sign_in(app)
        known = await app.resolve_identity(user_token=user.user_token, include_profile=True)
        true("no app_user_id", known.app_user_id)
        equal("user_status", known.user_status, "active")
        own = await agent.resolve_identity()
        equal("agent_id", own.agent_id, w.agent_id)
        equal("app_id", own.app_id, known.app_id)
        with_user = await app.assert_identity(audience=audience, user_token=user.user_token, ttl_seconds=300)
        with_agent = await agent.assert_identity(audience=audience)
        for signed, want in ((with_user, (known.app_user_id, None)), (with_agent, (None, w.agent_id))):
            got = alter_sdk.verify_identity_assertion(
                signed.token, issuer=w.base_url, audience=audience, jwks=jwks, expected_app_id=known.app_id, expected_agent_id=want[1])
            equal("verified", (got.app_user_id, got.agent_id), want)
        async with raises(alter_sdk.ReAuthRequiredError, code="jwt_validation_error"):
            await app.resolve_identity(user_token="forged")
        async with raises(alter_sdk.GrantNotFoundError):
            await agent.resolve_identity(app_user_id=str(uuid.uuid4()))


@case("App.spans", "Agent.spans", "spans.emit")
async def spans_are_taken(w):
    span = dict(trace_id="t", name="n", start_time="2026-01-01T00:00:00.5+02:00", end_time="2026-01-01T00:00:01", attributes={"a": "b"})
    async with w.app() as app, w.agent() as agent:
        for client in (app, agent):
            equal("accepted", (await client.spans.emit([alter_sdk.UserSpan(**span), alter_sdk.UserSpan(**span)])).accepted, 2)
