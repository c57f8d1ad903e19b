"""Faults that the other files do not reach."""

import socket
import threading
import uuid

import alter_sdk

from harness import case, completed, equal, raises, true


@case("Agent.me", "Agent.request", name="a key that nobody gave out")
async def unknown_key(w):
    key = "alter_key_" + uuid.uuid4().hex + "abcdefgh"
    async with w.agent(key=key) as agent:
        async with raises(alter_sdk.InvalidKeyError, status=401):
            await agent.me()
        async with raises(alter_sdk.InvalidKeyError, status=401):
            await agent.request("GET", w.url(), grant_id=w.grant_id)


@case("agents.delete", "Agent.request", "Agent.me")
async def a_deleted_agent(w):
    async with w.app() as app:
        made = await w.new_agent(app)
        await app.agents.delete(str(made.id))
        async with w.agent(key=made.api_key) as agent:
            async with raises(alter_sdk.KeyRevokedError, status=401):
                await agent.request("GET", w.url(), grant_id=w.grant_id)
            async with raises(alter_sdk.KeyRevokedError, status=401):
                await agent.me()


@case("App.request", "App.proxy_request")
async def several_grants_fit(w):
    async with w.app() as app:
        await w.own_grant(app)
        for call in (app.request, app.proxy_request):
            async with raises(alter_sdk.AmbiguousGrantError, status=409) as caught:
                await call("GET", w.url(), provider="github")
            true("no candidates", caught.error.candidates or caught.error.grant_ids)


@case("App.request", "Agent.request")
async def no_grant_of_that_provider(w):
    async with w.agent() as agent, w.app() as app:
        async with raises(alter_sdk.NoDelegatedGrantError) as caught:
            await agent.request("GET", w.url(), provider="no-such-provider")
        equal("provider_id", caught.error.provider_id, "no-such-provider")
        equal("agent_id", str(caught.error.agent_id), w.agent_id)
        async with raises(alter_sdk.GrantNotFoundError, status=404):
            await app.request("GET", w.url(), provider="no-such-provider")


@case("App.request")
async def a_user_token_that_is_none(w):
    async with w.app() as app:
        for call in (app.request, app.proxy_request):
            async with raises(alter_sdk.ReAuthRequiredError, status=401, code="jwt_validation_error"):
                await call("GET", w.url(), grant_id=w.user_grant_id, user_token="no-token-at-all")


@case("App.request")
async def a_user_token_with_a_grant_of_no_user(w):
    async with w.app() as app:
        user = await w.sign_in(app)
        session = await app.create_connect_session(allowed_providers=["github"])  # no user: the app's own grant
        grant = (await completed(app, session)).grant_id
        equal("without a token", (await app.request("GET", w.url(), grant_id=grant)).status_code, 200)
        async with raises(alter_sdk.PolicyViolationError, code="system_grant_user_token_mismatch", status=403):
            await app.request("GET", w.url(), grant_id=grant, user_token=user.user_token)


@case("App.request", "Agent.request", name="a getter that fails stops the call")
async def getter(w):
    def fails():
        raise RuntimeError("the session has ended")

    before = len(w.audit())
    for bad in (fails, lambda: "", lambda: None, lambda: 7):
        async with w.app(user_token_getter=bad) as app:
            async with raises(alter_sdk.AlterSDKError):
                await app.request("GET", w.url(), grant_id=w.user_grant_id)
            async with raises(alter_sdk.AlterSDKError):
                await app.revoke_grant(w.user_grant_id)
    equal("audit rows of calls that were never sent", len(w.audit()) - before, 0)


@case("Agent.me", "Agent.request", name="nobody listens, and nobody answers")
async def transport(w):
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    with w.at(f"http://127.0.0.1:{port}"):
        async with w.agent() as agent:
            async with raises(alter_sdk.NetworkError):
                await agent.me()
            async with raises(alter_sdk.NetworkError):
                await agent.request("GET", w.url(), grant_id=w.grant_id)
    silent = socket.create_server(("127.0.0.1", 0))
    held = []
    threading.Thread(target=lambda: held.append(silent.accept()), daemon=True).start()
    with w.at(f"http://127.0.0.1:{silent.getsockname()[1]}"):
        async with w.agent(timeout=0.3) as agent:
            async with raises(alter_sdk.TimeoutError):
                await agent.me()
    silent.close()


@case("Agent.request", name="a provider that is not there")
async def provider_gone(w):
    """The vault lets a URL through only to the provider itself, so the fault is made by a time limit."""
    async with w.agent(timeout=0.000001) as agent:
        try:
            await agent.request("GET", w.url(), grant_id=w.grant_id)
        except (alter_sdk.TimeoutError, alter_sdk.NetworkError):
            return
    raise AssertionError("nothing was raised")
