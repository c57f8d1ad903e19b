"""Calls that wait for a person: every end that they can have."""

import asyncio
import base64
import json
import time
import uuid

import alter_sdk

from harness import Failed, case, equal, fresh, raises, true
from served import Provider

WAIT = ("Agent.proxy_request", "Agent.get_approval_status", "Agent.await_approval")
BOTH = (*WAIT, "App.proxy_request", "App.get_approval_status", "App.await_approval")


def asks(**approval):
    """The body of a rule that asks a person about everything but GETs."""
    return {"effect": "require_approval", "approval": approval, "when": {"method": ["POST", "DELETE"]}}


def seen(path):
    return [r for r in Provider.seen if r["path"] == path]


async def pending(client, w, grant, path, **arguments):
    """A call that has to wait."""
    got = await client.proxy_request("POST", w.url(path), grant_id=grant, **arguments)
    true(f"{type(got).__name__} instead of a pending approval", isinstance(got, alter_sdk.PendingApproval))
    return got


@case(*BOTH, mode="serve", name="approvals: approved, executed once, and the result is the provider's answer")
async def approved(w):
    grant = w.daemon.grant()
    with w.rule("require_approval", asks(expires_in_seconds=300), grant=grant) as rule:
        for client in (w.agent, w.app):
            async with client() as c:
                path = "/" + fresh("item")
                held = await pending(c, w, grant, path, json={"title": "Rück ruf", "n": 2}, query_params={"q": "a b"}, extra_headers={"X-Own": "1"},
                                     reason="to call back", context={"run_id": path})
                equal("status", held.status, "pending")
                true(f"expires_in {held.expires_in}", 0 < held.expires_in <= 300)
                equal("gates", [g.approval_id for g in held.gates], [held.approval_id])
                true("no URL to approve at", held.approval_url.startswith(w.base_url + "/"))
                before = await c.get_approval_status(str(held.approval_id))
                equal("status before", (before.status, before.has_result, before.is_terminal), ("pending", False, False))
                equal("sent before", seen(path), [])
                waiting = asyncio.create_task(c.await_approval(str(held.approval_id), timeout=20, poll_interval=0.1))
                await asyncio.sleep(0.3)
                await asyncio.to_thread(w.operator, "approve", str(held.approval_id), "--reason", "go on")
                result = await waiting
                equal("result", (type(result), result.status_code, result.approval_id), (alter_sdk.ApprovalResult, 200, held.approval_id))
                equal("answer", json.loads(base64.b64decode(result.body_b64))["path"], path)
                [sent] = seen(path)
                equal("sent", (sent["method"], json.loads(sent["body"]), sent["headers"]["X-Own"]), ("POST", {"title": "Rück ruf", "n": 2}, "1"))
                true("query " + sent["query"], sent["query"].replace("%20", "+") == "q=a+b")
                after = await c.get_approval_status(str(held.approval_id), wait=5)
                equal("status after", (after.status, after.has_result, after.decision_reason, after.execution_error), ("executed", True, "go on", None))
                equal("gate after", [g.status for g in after.gates], ["approved"])
                equal("again", (await c.await_approval(str(held.approval_id), timeout=5)).body_b64, result.body_b64)
                equal("calls", len(seen(path)), 1)
                row = w.one_row(run_id=path)
                equal("row", (row["decision"], row["outcome"], row["status"], row["rule_layer"], row["rule_outcome"]), ("allowed", "completed", 200, "grant", "approve"))
                got = await c.proxy_request("GET", w.url("/free"), grant_id=grant)
                equal("a GET, which the rule does not ask about", got.status_code, 200)
                true(f"the rule's name {rule}", rule in w.operator("approval", "show", str(held.approval_id)))


@case(*BOTH, mode="serve", name="approvals: denied")
async def denied(w):
    grant = w.daemon.grant()
    with w.rule("require_approval", asks(), grant=grant):
        for client in (w.agent, w.app):
            async with client() as c:
                path = "/" + fresh("item")
                held = await pending(c, w, grant, path)
                w.operator("deny", str(held.approval_id), "--reason", "not today")
                equal("status", (await c.get_approval_status(str(held.approval_id))).status, "denied")
                async with raises(alter_sdk.ApprovalDeniedError, approval_id=str(held.approval_id)) as caught:
                    await c.await_approval(str(held.approval_id), timeout=10)
                true(f"the reason is not in {caught.error}", "not today" in str(caught.error))
                equal("sent", seen(path), [])


@case(*WAIT, mode="serve", name="approvals: approved, but the grant is gone, or the provider is")
async def failed(w):
    for host, spoil, why in ((None, lambda g: w.operator("grant", "revoke", g), "grant_revoked"), ("http://127.0.0.1:9", lambda g: None, "upstream_unreachable")):
        grant = w.daemon.grant(host=host) if host else w.daemon.grant()
        with w.rule("require_approval", asks(), grant=grant):
            async with w.agent() as agent:
                held = await agent.proxy_request("POST", (host or w.provider_url) + "/x", grant_id=grant)
                spoil(grant)
                w.operator("approve", str(held.approval_id))
                status = await agent.get_approval_status(str(held.approval_id))
                equal("status", status.status, "failed")
                true(f"{status.execution_error!r} does not say {why}", why in status.execution_error)
                async with raises(alter_sdk.ApprovalExecutionFailedError, approval_id=str(held.approval_id)) as caught:
                    await agent.await_approval(str(held.approval_id), timeout=10)
                true(f"{why} is not in {caught.error}", why in str(caught.error))


@case(*WAIT, mode="serve", name="approvals: nobody decides (begin)")
async def expires(w):
    grant = w.daemon.grant()
    with w.rule("require_approval", asks(expires_in_seconds=60), grant=grant):
        async with w.agent() as agent:
            held = await pending(agent, w, grant, "/expired")
            start = time.monotonic()
            async with raises(alter_sdk.ApprovalTimeoutError, approval_id=str(held.approval_id)):
                await agent.await_approval(str(held.approval_id), timeout=1.5)
            true("the wait did not end in time", 1.2 < time.monotonic() - start < 4)
            async with raises(alter_sdk.ApprovalTimeoutError):
                await agent.await_approval(str(held.approval_id), timeout=0)
    w.shelf["expires"] = str(held.approval_id)


@case(*WAIT, mode="serve-late", name="approvals: nobody decided (end)")
async def expired(w):
    if "expires" not in w.shelf:
        await expires(w)
    async with w.agent() as agent:
        async with raises(alter_sdk.ApprovalExpiredError, approval_id=w.shelf["expires"]):
            await agent.await_approval(w.shelf["expires"], timeout=70, poll_interval=0.5)
        equal("status", (await agent.get_approval_status(w.shelf["expires"])).status, "expired")
    equal("sent", seen("/expired"), [])


@case(*WAIT, mode="serve", name="approvals: two rules ask, so two gates")
async def two_gates(w):
    grant = w.daemon.grant()
    with w.rule("require_approval", asks(), grant=grant), w.rule("require_approval", asks(), grant=grant):
        async with w.agent() as agent:
            path = "/" + fresh("item")
            held = await pending(agent, w, grant, path)
            equal("gates", len(held.gates), 2)
            w.operator("approve", str(held.gates[0].approval_id))
            status = await agent.get_approval_status(str(held.gates[0].approval_id))
            equal("after one", (status.status, sorted(g.status for g in status.gates)), ("pending", ["approved", "pending"]))
            equal("sent after one", seen(path), [])
            w.operator("approve", str(held.gates[1].approval_id))
            equal("result", (await agent.await_approval(str(held.approval_id), timeout=10)).status_code, 200)
            equal("sent", len(seen(path)), 1)
            held = await pending(agent, w, grant, path)
            w.operator("approve", str(held.gates[0].approval_id))
            w.operator("deny", str(held.gates[1].approval_id))
            async with raises(alter_sdk.ApprovalDeniedError):
                await agent.await_approval(str(held.approval_id), timeout=10)


@case(*WAIT, mode="serve", name="approvals: the rule's limit of waiting calls, and of the result's time")
async def limits(w):
    grant = w.daemon.grant()
    with w.rule("require_approval", asks(max_pending=1, result_retention_seconds=1), grant=grant):
        async with w.agent() as agent:
            held = await pending(agent, w, grant, "/limited")
            async with raises(alter_sdk.BackendError, code="too_many_pending_approvals", status=429):
                await agent.proxy_request("POST", w.url("/limited"), grant_id=grant)
            w.operator("approve", str(held.approval_id))
            await asyncio.sleep(1.2)
            status = await agent.get_approval_status(str(held.approval_id))
            equal("status", (status.status, status.has_result), ("executed", False))
            async with raises(alter_sdk.ApprovalTimeoutError):  # the client waits on for a result that is gone
                await agent.await_approval(str(held.approval_id), timeout=1, poll_interval=0.2)


@case(*BOTH, mode="serve", name="approvals: another caller's, an unknown one, and a wait that is too long")
async def not_mine(w):
    grant = w.daemon.grant()
    with w.rule("require_approval", asks(), grant=grant):
        async with w.agent() as agent, w.app() as app:
            held = await pending(agent, w, grant, "/mine")
            for client, ident in ((app, str(held.approval_id)), (agent, str(uuid.uuid4())), (app, str(uuid.uuid4()))):
                async with raises(alter_sdk.BackendError, code="approval_not_found", status=404):
                    await client.get_approval_status(ident)
                async with raises(alter_sdk.BackendError, code="approval_not_found", status=404):
                    await client.await_approval(ident, timeout=5)
            async with raises(alter_sdk.BackendError, code="invalid_request", status=422):
                await agent.get_approval_status(str(held.approval_id), wait=26)
            for wait in (float("nan"), True, "1"):
                async with raises(alter_sdk.AlterValueError):
                    await agent.get_approval_status(str(held.approval_id), wait=wait)
            start = time.monotonic()
            equal("a held poll", (await agent.get_approval_status(str(held.approval_id), wait=1)).status, "pending")
            true("the poll was not held", time.monotonic() - start > 0.9)


@case(*BOTH, mode="serve", name="approvals: a key needs approvals:read or proxy:execute")
async def scopes(w):
    grant = w.daemon.grant()
    with w.rule("require_approval", asks(), grant=grant):
        async with w.app() as app:
            held = await pending(app, w, grant, "/scopes")
            for scope, allowed in (("approvals:read", True), ("proxy:execute", True), ("grants:read", False)):
                key = (await app.keys.derive(scopes=[scope], expires_in=600)).api_key
                async with w.app(key=key) as small:
                    if allowed:
                        equal("status", (await small.get_approval_status(str(held.approval_id))).status, "pending")
                        continue
                    async with raises(alter_sdk.BackendError, code="insufficient_scope", status=403):
                        await small.get_approval_status(str(held.approval_id))
                    async with raises(alter_sdk.InsufficientScopeError) as caught:
                        await small.proxy_request("GET", w.url("/x"), grant_id=grant)
                    equal("missing", caught.error.missing, ["proxy:execute"])


@case("Agent.request", "App.request", mode="serve", name="approvals: the credential does not leave the vault")
async def retrieve(w):
    grant = w.daemon.grant()
    with w.rule("require_approval", asks(), grant=grant):
        async with w.agent() as agent, w.app() as app:
            for c in (agent, app):
                async with raises(alter_sdk.RestrictedGrantRequiresProxyError, code="hitl_grant_requires_proxy", status=400):
                    await c.request("POST", w.url("/x"), grant_id=grant)


@case(*WAIT, "Agent.with_constraints", mode="serve", name="approvals: the client's own rule counts again when the call is executed")
async def own_rule(w):
    grant = w.daemon.grant()
    async with w.agent() as agent:
        narrow = agent.with_constraints(rule={"rule_type": "require_approval", "rule_body": {"effect": "require_approval", "approval": {}}})
        held = await narrow.proxy_request("POST", w.url("/own"), grant_id=grant)
        true(f"{type(held).__name__}", isinstance(held, alter_sdk.PendingApproval))
        with w.rule("json_match", {"when": {"method": ["POST"]}, "effect": "deny"}, grant=grant):
            w.operator("approve", str(held.approval_id))
        async with raises(alter_sdk.ApprovalExecutionFailedError) as caught:
            await narrow.await_approval(str(held.approval_id), timeout=5)
        true(f"policy_denied is not in {caught.error}", "policy_denied" in str(caught.error))
        held = await narrow.proxy_request("POST", w.url("/own"), grant_id=grant)
        w.operator("approve", str(held.approval_id))
        equal("result", (await narrow.await_approval(str(held.approval_id), timeout=5)).status_code, 200)
        equal("sent", len(seen("/own")), 1)


@case(*BOTH, mode="approve", name="approvals: dev --approve answers by itself, after a 202")
async def by_itself(w):
    with w.rule("require_approval", {"effect": "require_approval", "approval": {}}, provider="github"):
        for client in (w.agent, w.app):
            async with client() as c:
                held = await c.proxy_request("GET", w.url(), grant_id=w.grant_id)
                if not isinstance(held, alter_sdk.PendingApproval):
                    raise Failed(f"{type(held).__name__} instead of a pending approval")
                result = await c.await_approval(str(held.approval_id), timeout=10, poll_interval=0.1)
                equal("login", json.loads(base64.b64decode(result.body_b64))["login"], "octo-agent")


@case(*WAIT, mode="serve", name="approvals: a call that waits survives the end of daemon and program")
async def restart(w):
    grant = w.daemon.grant()
    with w.rule("require_approval", asks(), grant=grant):
        with w.daemon.beside() as address, w.at(address):
            async with w.agent() as agent:
                held = await pending(agent, w, grant, "/restart")
        w.operator("approve", str(held.approval_id))  # while that daemon is not there
        with w.daemon.beside() as address, w.at(address):
            async with w.agent() as agent:
                equal("result", (await agent.await_approval(str(held.approval_id), timeout=10)).status_code, 200)
    equal("sent", len(seen("/restart")), 1)
