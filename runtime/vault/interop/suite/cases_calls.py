"""Request and proxy request: every argument, every kind of answer."""

import base64
import json

import alter_sdk

from harness import case, equal, fresh, raises, true


def body_of(result):
    return json.loads(base64.b64decode(result.body_b64))


@case("Agent.request", "App.request")
async def request_by_grant(w):
    async with w.agent() as agent, w.app() as app:
        own = (await agent.request("GET", w.url(), grant_id=w.grant_id)).json()["login"]
        delegated = (await agent.request("get", w.url(), grant_id=w.user_grant_id)).json()["login"]
        true("two grants have one login", own != delegated)
        equal("the app's login under the user's grant", (await app.request("GET", w.url(), grant_id=w.user_grant_id)).json()["login"], delegated)
        equal("case of the ID", (await agent.request("GET", w.url(), grant_id=w.grant_id.upper())).json()["login"], own)


@case("Agent.proxy_request", "App.proxy_request")
async def proxy_by_grant(w):
    async with w.agent() as agent, w.app() as app:
        direct = (await agent.request("GET", w.url(), grant_id=w.grant_id)).json()
        for client in (agent, app):
            result = await client.proxy_request("GET", w.url(), grant_id=w.grant_id)
            true("no ApprovalResult", isinstance(result, alter_sdk.ApprovalResult))
            equal("status", result.status_code, 200)
            equal("body", body_of(result), direct)
            equal("body_truncated", result.body_truncated, False)


@case("Agent.request", "Agent.proxy_request", "App.request", "App.proxy_request")
async def every_argument(w):
    template = w.provider_url + "/{what}"
    for client in (w.agent, w.app):
        run, thread = fresh("run"), fresh("thread")
        context = {"run_id": run, "thread_id": thread, "tool": "sync", "note": "ünïcode \u2028"}
        arguments = dict(grant_id=w.grant_id, json={"a": [1, None, "é"]}, extra_headers={"X-Extra": "1", "Accept": "application/json"},
                         query_params={"q": "a b&c", "n": 2}, path_params={"what": "user"}, reason="täglich", context=context)
        async with client() as c:
            response = await c.request("POST", template, **arguments)
            equal("status", response.status_code, 200)
            equal("status in proxy mode", (await c.proxy_request("POST", template, **arguments)).status_code, 200)
        rows = w.rows(run_id=run)
        equal("rows", len(rows), 2)
        for row in rows:
            equal("thread_id", row["thread_id"], thread)
            equal("tool", row["tool"], "sync")
            equal("reason", row["reason"], "täglich")
            equal("method", row["method"], "POST")
            equal("url", row["url"], w.url())
            equal("status", row["status"], 200)
            equal("grant_id", row["grant_id"], w.grant_id)
            equal("provider", row["provider"], "github")


@case("Agent.request")
async def raw_body(w):
    async with w.agent() as agent:
        response = await agent.request("POST", w.url(), grant_id=w.grant_id, body=b"\x00\xff raw", extra_headers={"Content-Type": "application/octet-stream"})
        equal("status", response.status_code, 200)
        async with raises(alter_sdk.AlterSDKError):
            await agent.request("POST", w.url(), grant_id=w.grant_id, body=b"x", json={})


@case("App.request", "App.proxy_request", "Agent.request", "Agent.proxy_request")
async def identity_mode(w):
    async with w.app() as app:
        name = fresh("label")
        minted = await app.mint_grant(w.user_grant_id, label=name)
        want = (await app.request("GET", w.url(), grant_id=minted.grant_id)).json()
        user = await w.sign_in(app)
        equal("by label", (await app.request("GET", w.url(), provider="github", label=name, user_token=user.user_token)).json(), want)
        result = await app.proxy_request("GET", w.url(), provider="github", label=name, user_token=user.user_token)
        equal("by label in proxy mode", body_of(result), want)
    async with w.agent() as agent:
        own = (await agent.request("GET", w.url(), grant_id=w.grant_id)).json()
        try:
            got = (await agent.request("GET", w.url(), provider="github")).json()
            true("another login than the two of this agent", got == own or got == want)
        except alter_sdk.AmbiguousGrantError as e:
            equal("grant_ids", set(e.grant_ids) >= {w.grant_id}, True)
            true("no candidates", e.candidates)


@case("App.request", "App.proxy_request", "Agent.request", "Agent.proxy_request")
async def refused_before_sending(w):
    before = len(w.audit())
    async with w.agent() as agent, w.app() as app:
        for client in (agent, app):
            both = dict(grant_id=w.grant_id, provider="github")
            for arguments, retrieve in (({}, alter_sdk.AlterSDKError), (both, alter_sdk.AlterSDKError),
                                        (dict(grant_id=w.grant_id, label="x"), alter_sdk.AlterValueError),
                                        (dict(grant_id=w.grant_id, user_token=""), alter_sdk.AlterValueError),
                                        (dict(grant_id=w.grant_id, context={"k": "v" * 513}), alter_sdk.AlterValueError),
                                        (dict(grant_id=w.grant_id, context={str(i): "v" for i in range(21)}), alter_sdk.AlterValueError)):
                async with raises(retrieve):
                    await client.request("GET", w.url(), **arguments)
                async with raises(alter_sdk.AlterValueError):
                    await client.proxy_request("GET", w.url(), **arguments)
            for call in (client.request, client.proxy_request):
                async with raises(alter_sdk.AlterValueError):
                    await call("GET", w.provider_url + "/{left}", grant_id=w.grant_id)
            async with raises(alter_sdk.AlterValueError):
                await client.request("GET", "ftp://127.0.0.1/x", grant_id=w.grant_id)
            async with raises(alter_sdk.AlterValueError):
                await client.proxy_request("GET", w.url(), grant_id=w.grant_id, extra_headers={"Authorization": "x"})
    equal("audit rows of calls that were never sent", len(w.audit()) - before, 0)


@case("Agent.request", "Agent.proxy_request", "App.request")
async def another_host_is_blocked_before_any_connection(w):
    other = "http://127.0.0.1:9/user"  # nothing listens there; the grant names another port
    async with w.agent() as agent, w.app() as app:
        for call in (agent.request, agent.proxy_request, app.request):
            for url in (other, "https://127.0.0.1/user", w.url().replace("127.0.0.1", "localhost") if "127.0.0.1" in w.url() else other):
                async with raises(alter_sdk.BlockedDestinationError, status=422) as caught:
                    await call("GET", url, grant_id=w.grant_id)
                true("no request_id", caught.error.details.get("request_id"))


@case("Agent.proxy_request", "Agent.request")
async def a_user_info_in_the_url(w):
    async with w.agent() as agent:
        for call in (agent.request, agent.proxy_request):
            async with raises(alter_sdk.BlockedDestinationError):
                await call("GET", w.url().replace("://", "://someone:else@"), grant_id=w.grant_id)


@case("Agent.with_constraints", "App.with_constraints", "Agent.request", "Agent.proxy_request")
async def constraints(w):
    async with w.agent() as agent, w.app() as app:
        for client in (agent, app):
            narrow = client.with_constraints(scopes=["tokens:retrieve", "audit:emit"])
            equal("status", (await narrow.request("GET", w.url(), grant_id=w.grant_id)).status_code, 200)
            async with raises(alter_sdk.InsufficientScopeError):
                await narrow.proxy_request("GET", w.url(), grant_id=w.grant_id)
            async with raises(alter_sdk.AlterValueError):
                client.with_constraints(scopes=["*"])
            async with raises(alter_sdk.AlterValueError):
                client.with_constraints()
        derived = await app.keys.derive(scopes=["tokens:retrieve", "audit:emit"], expires_in=600)
        async with w.app(key=derived.api_key) as small:
            wide = small.with_constraints(scopes=["proxy:execute"])
            async with raises(alter_sdk.BackendError, code="constraint_not_narrowing", status=400):
                await wide.proxy_request("GET", w.url(), grant_id=w.grant_id)


@case("Agent.request", "Agent.proxy_request")
async def answers_of_the_provider_that_are_errors(w):
    run = fresh("run")
    async with w.agent() as agent, agent.trace(run_id=run):
        async with raises(alter_sdk.ProviderAPIError, status_code=404):
            await agent.request("GET", w.url("/nothing-here"), grant_id=w.grant_id)
        result = await agent.proxy_request("GET", w.url("/nothing-here"), grant_id=w.grant_id)
        equal("status in proxy mode", result.status_code, 404)
    equal("statuses of the rows", [r["status"] for r in w.rows(run_id=run)], [404, 404])


@case("Agent.trace", "Agent.request", "Agent.proxy_request", "Agent.me", "Agent.list_grants")
async def traces(w):
    run = fresh("run")
    async with w.agent() as agent:
        async with agent.trace(run_id=run, thread_id="t1", role="wrîter"):
            await agent.me()
            await agent.list_grants()
            await agent.request("GET", w.url(), grant_id=w.grant_id)
            async with agent.trace(thread_id="t2"):  # inherits the run
                await agent.proxy_request("GET", w.url(), grant_id=w.grant_id)
            await agent.request("GET", w.url(), grant_id=w.grant_id)
        await agent.request("GET", w.url(), grant_id=w.grant_id)
        async with raises(alter_sdk.AlterValueError):
            async with agent.trace(run_id=run, tool="x"):
                pass
    equal("threads", [r["thread_id"] for r in w.rows(run_id=run)], ["t1", "t2", "t1"])


@case("Agent.request")
async def cookies_of_one_grant_and_the_next(w):
    """The official client keeps a jar for all grants; the vault's provider sets none, so only the call is shown."""
    async with w.agent() as agent:
        first = await agent.request("GET", w.url(), grant_id=w.grant_id)
        second = await agent.request("GET", w.url(), grant_id=w.user_grant_id)
        true("one login for two grants", first.json() != second.json())
