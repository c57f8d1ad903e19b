"""Descriptions of providers' operations, which a client looks up before it calls one."""

import asyncio
import json
import os

import alter_sdk

from harness import case, equal, fresh, raises, true
from served import Provider

SPECS = ("App.provider_specs", "Agent.provider_specs", "provider_specs.list", "provider_specs.get", "provider_specs.list_operations", "provider_specs.get_operation")


@case(*SPECS, name="specs: providers, their operations, and one operation that is then called")
async def specs(w):
    async with w.app() as app, w.agent() as agent:
        for c in (app, agent):
            specs = c.provider_specs
            known = await specs.list()
            github = next(s for s in known if s.provider_id == "github")
            equal("kind", github.provider_kind, "oauth")
            true("no operations", github.operation_count > 500)
            true("no hash", github.content_hash)
            equal("get", await specs.get("oauth", "github"), github)
            equal("of a kind", [s.provider_id for s in await specs.list("managed")], [s.provider_id for s in known if s.provider_kind == "managed"])
            found, offset = [], 0
            while True:
                page = await specs.list_operations("oauth", "github", limit=500, offset=offset)
                found += [o.operation_id for o in page.items]
                if not page.has_more:
                    break
                offset += len(page.items)
            equal("all pages", (len(found), len(set(found))), (github.operation_count, github.operation_count))
            equal("total", page.total, github.operation_count)
            page = await specs.list_operations("oauth", "github", search="users/get-authenticated", limit=1)
            equal("found", [o.operation_id for o in page.items], ["users/get-authenticated"])
            one = await specs.get_operation("oauth", "github", "users/get-authenticated")
            equal("operation", (one.method, one.path_template), ("GET", "/user"))
            true("no response schema", one.response_schema)
            login = (await c.request(one.method, w.provider_url + one.path_template, grant_id=w.grant_id)).json()["login"]
            equal("called", login, "octo-agent")
            params = (await specs.get_operation("oauth", "github", "repos/get")).params_schema
            equal("parameters", sorted(p["name"] for p in params), ["owner", "repo"])


@case(*SPECS, name="specs: what is not there, and what is refused locally")
async def missing(w):
    async with w.app() as app, w.agent() as agent:
        for specs in (app.provider_specs, agent.provider_specs):
            for call in (lambda: specs.get("oauth", "no-such"), lambda: specs.get("managed", "github"), lambda: specs.list_operations("oauth", "a/b ü"),
                         lambda: specs.get_operation("managed", "no-such", "x")):
                async with raises(alter_sdk.GrantNotFoundError, code="provider_spec_not_found", status=404):
                    await call()
            async with raises(alter_sdk.GrantNotFoundError, code="operation_not_found", status=404):
                await specs.get_operation("oauth", "github", "no/such operation?")
            for call in (lambda: specs.list("other"), lambda: specs.get("oauth", " "), lambda: specs.list_operations("oauth", "github", limit=501),
                         lambda: specs.list_operations("oauth", "github", offset=-1), lambda: specs.list_operations("oauth", "github", search=""),
                         lambda: specs.get_operation("oauth", "github", "x" * 513)):
                async with raises(alter_sdk.AlterValueError):
                    await call()
        key = (await app.keys.derive(scopes=["grants:read"], expires_in=60)).api_key
        async with w.app(key=key) as small:
            async with raises(alter_sdk.InsufficientScopeError) as caught:
                await small.provider_specs.list()
            equal("missing", caught.error.missing, ["providers:read"])


TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), *[".."] * 4, "providers", "googletasks", "operations.json")


@case("provider_specs.list", "provider_specs.list_operations", "Agent.proxy_request", "Agent.request", "Agent.with_constraints", mode="serve",
      name="specs: an operation table that is loaded into the running daemon names calls, and rules see them")
async def loaded(w):
    grant = w.told("grant", "create", "googletasks", "--agent", w.agent_id, "--host", w.provider_url, "--token-stdin", stdin="test-secret-tasks\n")["GRANT_ID"]
    address, task = w.url("/tasks/v1/lists/my%20list/tasks"), {"title": "Buy milk", "notes": "private"}

    async def sent(client, **arguments):
        run = fresh("run")
        equal("status", (await client.proxy_request("POST", address, grant_id=grant, json=task, context={"run_id": run, "operation": "claimed"}, **arguments)).status_code, 200)
        return w.one_row(run_id=run)["operation"], json.loads(Provider.seen[-1]["body"])

    async with w.agent() as agent:
        redact = agent.with_constraints(rule=alter_sdk.content_match_rule(operations=["tasks.tasks.insert"], families=[], params=[], effect="redact", redact_fields=["notes"]))
        large = agent.with_constraints(rule=alter_sdk.content_match_rule(operations=["tasks.tasks.insert"], families=[], params=[{"name": "title", "op": "any_in", "value": ["buy *"]}]))
        equal("before", await sent(agent), ("", task))
        async with raises(alter_sdk.PolicyViolationError, code="policy_evaluation_failed"):
            await redact.proxy_request("POST", address, grant_id=grant, json=task)
        w.operator("operations", "load", TABLE, "--base-url", w.provider_url)
        try:
            for _ in range(40):
                if any(s.provider_id == "googletasks" for s in await agent.provider_specs.list("oauth")):
                    break
                await asyncio.sleep(0.1)
            equal("after", await sent(agent), ("tasks.tasks.insert", task))
            equal("redacted", await sent(redact), ("tasks.tasks.insert", {"title": "Buy milk"}))
            async with raises(alter_sdk.PolicyViolationError, code="policy_denied", status=403):
                await large.proxy_request("POST", address, grant_id=grant, json=task)
            equal("another title", (await large.proxy_request("POST", address, grant_id=grant, json={"title": "Sell milk"})).status_code, 200)
            found = await agent.provider_specs.list_operations("oauth", "googletasks", search="tasks.insert")
            true("not found", "tasks.tasks.insert" in [o.operation_id for o in found.items])
        finally:
            w.operator("operations", "remove", "googletasks")
