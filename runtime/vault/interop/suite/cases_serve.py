"""Against `grantvault serve`, with a provider whose answers the cases choose."""

import base64
import json

import alter_sdk

from harness import case, equal, fresh, raises, true
from served import TOKENS, Provider


def last():
    return Provider.seen[-1]


@case("Agent.me", "Agent.request", "App.request", mode="serve", name="serve: what the operator's commands made works")
async def made(w):
    async with w.agent() as agent, w.app() as app:
        equal("me", (await agent.me()).name, "builder")
        for name in ("one", "two"):
            await agent.request("GET", w.url("/x"), grant_id=w.daemon.grants[name])
            equal("credential", last()["headers"].get_all("Authorization"), ["Bearer " + TOKENS[name]])
        await app.request("GET", w.url("/x"), grant_id=w.daemon.grants["one"])
        await agent.proxy_request("GET", w.url("/x"), grant_id=w.daemon.grants["proxy"])
        equal("credential in proxy mode", last()["headers"].get_all("Authorization"), ["Bearer " + TOKENS["proxy"]])


@case("Agent.request", "App.request", mode="serve", name="serve: each error of the provider has its class")
async def provider_errors(w):
    async with w.agent() as agent, w.app() as app:
        for c in (agent, app):
            async with raises(alter_sdk.ProviderUnauthorizedError, status_code=401):
                await c.request("GET", w.url("/unauthorized"), grant_id=w.grant_id)
            async with raises(alter_sdk.ScopeReauthRequiredError, status_code=403) as caught:
                await c.request("GET", w.url("/narrow"), grant_id=w.grant_id)
            equal("missing_scopes", caught.error.missing_scopes, ["repo", "admin"])
            async with raises(alter_sdk.ProviderAPIError, status_code=403):
                await c.request("GET", w.url("/forbidden"), grant_id=w.grant_id)
            async with raises(alter_sdk.ProviderAPIError, status_code=500):
                await c.request("GET", w.url("/broken"), grant_id=w.grant_id)
            equal("a redirect", (await c.request("GET", w.url("/moved"), grant_id=w.grant_id)).status_code, 302)


@case("Agent.proxy_request", "App.proxy_request", mode="serve", name="serve: in proxy mode the provider's status is the result's")
async def proxied(w):
    async with w.agent() as agent, w.app() as app:
        for c in (agent, app):
            for path, status in (("/unauthorized", 401), ("/narrow", 403), ("/broken", 500), ("/moved", 302)):
                result = await c.proxy_request("GET", w.url(path), grant_id=w.grant_id)
                equal(path, result.status_code, status)
            equal("a redirect is not followed", last()["path"], "/moved")
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                result = await c.proxy_request(method, w.url("/x?own=1"), grant_id=w.grant_id, query_params={"more": [1, "b c"]},
                                               json=None if method in ("GET", "DELETE") else {"a": "é"}, extra_headers={"X-Own": "1"})
                equal("method", last()["method"], method)
                true("the URL's own query is lost", "own=1" in last()["query"] and "more=1&more=b+c" in last()["query"].replace("%20", "+"))
                equal("header", last()["headers"]["X-Own"], "1")
                true("a header of the vault is at the provider", not [h for h in last()["headers"] if h.lower().startswith("x-alter")])
            body = json.loads(base64.b64decode((await c.proxy_request("GET", w.url("/cookie"), grant_id=w.grant_id)).body_b64))
            equal("cookie", body["cookie"], None)


@case("Agent.request", mode="serve", name="serve: a grant that is restricted to the proxy")
async def restricted(w):
    async with w.agent() as agent, w.app() as app:
        for c in (agent, app):
            async with raises(alter_sdk.RestrictedGrantRequiresProxyError, status=400):
                await c.request("GET", w.url("/x"), grant_id=w.daemon.grants["proxy"])


@case("Agent.request", "Agent.proxy_request", mode="serve", name="serve: a provider that is not there, or too slow")
async def gone(w):
    run = fresh("run")
    async with w.agent() as agent, agent.trace(run_id=run):
        async with raises(alter_sdk.NetworkError):
            await agent.request("GET", "http://127.0.0.1:9/x", grant_id=w.daemon.grants["gone"])
        async with raises(alter_sdk.BackendError) as caught:
            await agent.proxy_request("GET", "http://127.0.0.1:9/x", grant_id=w.daemon.grants["gone"])
        true("no status", caught.error.status_code >= 500)
    async with w.agent(timeout=0.5) as agent, agent.trace(run_id=run):
        async with raises(alter_sdk.TimeoutError):
            await agent.request("GET", w.url("/slow"), grant_id=w.grant_id)
    rows = w.rows(run_id=run)
    equal("outcomes", [r["outcome"] for r in rows], ["failed", "failed", "failed"])
    true("a secret is in the trail", not any(t in json.dumps(w.audit()) for t in TOKENS.values()))
