"""Rules, stored by the operator and sent along by the client; constraints; limits."""

import base64
import datetime
import json
import zoneinfo

import alter_sdk

from harness import case, equal, raises, true
from meddler import Meddler
from served import Provider

CALLS = ("Agent.request", "Agent.proxy_request", "App.request", "App.proxy_request")
NARROW = ("Agent.with_constraints", "App.with_constraints")


def closed_now():
    """A time zone in which it is neither a working hour now nor will be in ten minutes."""
    for hours in range(-11, 12):
        zone = f"Etc/GMT{hours:+d}" if hours else "Etc/GMT"
        if datetime.datetime.now(zoneinfo.ZoneInfo(zone)).hour in (19, 20, 21, 22):
            return zone
    raise AssertionError("no time zone has evening")


def refusing():
    """A rule of each kind that refuses the calls of the suite."""
    return {
        "json_match": {"when": {"provider_id": ["github"]}, "effect": "deny"},
        "ip_allowlist": {"allow": ["192.0.2.0/24", "2001:db8::1"]},
        "time_window": {"business_hours_only": True, "timezone": closed_now()},
    }


def letting_through():
    return {
        "json_match": {"when": {"provider_id": ["slack"]}, "effect": "deny"},
        "ip_allowlist": {"allow": ["127.0.0.0/8"]},
        "time_window": {"weekdays_only": False, "business_hours_only": True, "timezone": open_now()},
    }


def open_now():
    for hours in range(-11, 12):
        zone = f"Etc/GMT{hours:+d}" if hours else "Etc/GMT"
        if datetime.datetime.now(zoneinfo.ZoneInfo(zone)).hour in (11, 12, 13):
            return zone
    raise AssertionError("no time zone has noon")


@case(*CALLS, mode="serve", name="rules: one of each kind, stored for a grant")
async def stored(w):
    grant = w.daemon.grant()
    async with w.agent() as agent, w.app() as app:
        for kind, body in refusing().items():
            with w.rule(kind, body, grant=grant) as name:
                before = len(Provider.seen)
                for call in (agent.request, agent.proxy_request, app.request, app.proxy_request):
                    async with raises(alter_sdk.PolicyViolationError, code="policy_denied", status=403, policy_error="policy_denied") as caught:
                        await call("GET", w.url("/x"), grant_id=grant)
                    equal(f"{kind}: rule", caught.error.details["rule_name"], name)
                    equal(f"{kind}: layer", caught.error.details["rule_layer"], "grant")
                equal(f"{kind}: sent", len(Provider.seen) - before, 0)
        for kind, body in letting_through().items():
            with w.rule(kind, body, grant=grant):
                for call in (agent.request, agent.proxy_request):
                    equal(kind, (await call("GET", w.url("/x"), grant_id=grant)).status_code, 200)


@case(*CALLS, mode="serve", name="rules: for an agent and for a provider")
async def targets(w):
    grant = w.daemon.grant()
    deny = {"when": {"method": ["DELETE"]}, "effect": "deny"}
    async with w.agent() as agent, w.app() as app:
        with w.rule("json_match", deny, agent=w.agent_id):
            async with raises(alter_sdk.PolicyViolationError, code="policy_denied"):
                await agent.proxy_request("DELETE", w.url("/x"), grant_id=grant)
            equal("the app itself", (await app.proxy_request("DELETE", w.url("/x"), grant_id=grant)).status_code, 200)
            # The client holds the credential then, so what it may not do it gets no credential for.
            async with raises(alter_sdk.PolicyViolationError, code="policy_denied"):
                await agent.request("GET", w.url("/x"), grant_id=grant)
        with w.rule("json_match", deny, provider="github"):
            async with raises(alter_sdk.PolicyViolationError, code="policy_denied"):
                await app.proxy_request("DELETE", w.url("/x"), grant_id=grant)
        with w.rule("json_match", deny, provider="slack"):
            equal("another provider's", (await app.proxy_request("DELETE", w.url("/x"), grant_id=grant)).status_code, 200)


@case(*NARROW, *CALLS, mode="serve", name="constraints: the client's own rule, one of each kind")
async def own(w):
    async with w.agent() as agent, w.app() as app:
        for client in (agent, app):
            for kind, body in refusing().items():
                narrow = client.with_constraints(rule={"rule_type": kind, "rule_body": body})
                for call in (narrow.request, narrow.proxy_request):
                    async with raises(alter_sdk.PolicyViolationError, code="policy_denied", status=403) as caught:
                        await call("GET", w.url("/x"), grant_id=w.grant_id)
                    equal(f"{kind}: layer", caught.error.details["rule_layer"], "request")
                await narrow.list_grants()  # no credential is used
                equal("the parent", (await client.proxy_request("GET", w.url("/x"), grant_id=w.grant_id)).status_code, 200)
            for kind, body in letting_through().items():
                narrow = client.with_constraints(rule={"rule_type": kind, "rule_body": body}, scopes=["proxy:execute", "tokens:retrieve", "audit:emit"])
                for call in (narrow.request, narrow.proxy_request):
                    equal(kind, (await call("GET", w.url("/x"), grant_id=w.grant_id)).status_code, 200)


@case(*NARROW, mode="serve", name="constraints: rules that the vault does not understand, and what is refused locally")
async def malformed(w):
    async with w.agent() as agent, w.app() as app:
        for client in (agent, app):
            for kind, body in (("no_such_kind", {}), ("json_match", {}), ("json_match", {"when": {"url": ["x"]}, "effect": "deny"}),
                               ("json_match", {"when": {"method": ["GET"]}, "effect": "allow"}), ("ip_allowlist", {"allow": ["here"]}),
                               ("time_window", {"business_hours_only": True, "timezone": "Mars/Olympus"}),
                               ("content_match", {"match": {}, "effect": "deny"}), ("require_approval", {"effect": "require_approval", "approval": {"expires_in_seconds": 1}})):
                narrow = client.with_constraints(rule={"rule_type": kind, "rule_body": body})
                async with raises(alter_sdk.BackendError, code="invalid_request_rule", status=400):
                    await narrow.proxy_request("GET", w.url("/x"), grant_id=w.grant_id)
            good = {"rule_type": "json_match", "rule_body": {"when": {"method": ["POST"]}, "effect": "deny"}}
            for arguments in ({}, {"scopes": []}, {"scopes": ["*"]}, {"scopes": [""]}, {"rule": {}}, {"rule": {"rule_type": "json_match"}},
                              {"rule": good | {"rule_body": {"x": "y" * 5000}}}, {"rule": good | {"rule_body": {"x": float("nan")}}}):
                async with raises(alter_sdk.AlterValueError):
                    client.with_constraints(**arguments)
            narrow = client.with_constraints(rule=good)
            async with raises(alter_sdk.AlterValueError):
                narrow.with_constraints(rule=good)


@case(*NARROW, "Agent.list_grants", mode="serve", name="constraints: stripped, changed, added or widening headers")
async def headers(w):
    scopes, rule = "X-Alter-Scope-Constraints", "X-Alter-Request-Rule"
    other = base64.urlsafe_b64encode(json.dumps({"rule_type": "json_match", "rule_body": {"when": {"method": ["GET"]}, "effect": "deny"}}).encode()).decode().rstrip("=")

    def without(name):
        return lambda h: h.pop(name)

    def instead(name, value):
        return lambda h: h.__setitem__(name, value)

    own = dict(scopes=["proxy:execute"], rule={"rule_type": "json_match", "rule_body": {"when": {"method": ["DELETE"]}, "effect": "deny"}})
    for change in (None, without(scopes), without(rule), instead(scopes, "proxy:execute,grants:read"), instead(scopes, ""), instead(rule, other), instead(rule, "")):
        with Meddler(w.base_url, change) as address, w.at(address):
            async with w.agent() as agent:
                narrow = agent.with_constraints(**own)
                if change is None:
                    equal("untouched", (await narrow.proxy_request("GET", w.url("/x"), grant_id=w.grant_id)).status_code, 200)
                    continue
                before = len(Provider.seen)
                async with raises(alter_sdk.BackendError, code="invalid_signature", status=401):
                    await narrow.proxy_request("GET", w.url("/x"), grant_id=w.grant_id)
                equal("sent", len(Provider.seen) - before, 0)
    for change in (instead(scopes, "proxy:execute"), instead(rule, other)):
        with Meddler(w.base_url, change) as address, w.at(address):
            async with w.agent() as agent:
                async with raises(alter_sdk.BackendError, code="invalid_signature", status=401):
                    await agent.proxy_request("GET", w.url("/x"), grant_id=w.grant_id)
    async with w.app() as app, w.agent() as agent:
        key = (await app.keys.derive(scopes=["grants:read"], expires_in=600)).api_key
        async with w.app(key=key) as small:
            for wide in (["proxy:execute"], ["grants:read", "agents:write"], ["no:such"]):
                async with raises(alter_sdk.BackendError, code="constraint_not_narrowing", status=400):
                    await small.with_constraints(scopes=wide).list_grants()
            await small.with_constraints(scopes=["grants:read"]).list_grants()
        async with raises(alter_sdk.InsufficientScopeError, status=403) as caught:
            await agent.with_constraints(scopes=["tokens:retrieve"]).list_grants()
        equal("missing", caught.error.missing, ["grants:read"])


def content(**arguments):
    return dict(alter_sdk.content_match_rule(**{"operations": [], "families": [], "params": [], **arguments}))


@case(*NARROW, *CALLS, name="constraints: content_match, made by the client's builder")
async def content_match(w):
    reads = content(families=["read"])
    async with w.agent() as agent, w.app() as app:
        for client in (agent, app):
            narrow = client.with_constraints(rule=reads)
            async with raises(alter_sdk.PolicyViolationError, code="policy_denied"):
                await narrow.proxy_request("GET", w.url(), grant_id=w.grant_id)
            async with raises(alter_sdk.RestrictedGrantRequiresProxyError, code="restricted_grant_requires_proxy", status=400):
                await narrow.request("GET", w.url(), grant_id=w.grant_id)
            async with raises(alter_sdk.PolicyViolationError, code="policy_evaluation_failed"):  # of no known operation
                await narrow.proxy_request("GET", w.url("/no/such/operation"), grant_id=w.grant_id)
            for rule in (content(families=["delete", "payment"]), content(operations=["issues/create"]),
                         content(operations=["users/get-by-username"], params=[{"name": "username", "op": "any_in", "value": ["octo-*"]}])):
                equal("lets through", (await client.with_constraints(rule=rule).proxy_request("GET", w.url(), grant_id=w.grant_id)).status_code, 200)
            by_name = content(operations=["users/get-by-username"], params=[{"name": "username", "op": "any_in", "value": ["octo-*"]}])
            async with raises(alter_sdk.PolicyViolationError, code="policy_denied"):
                await client.with_constraints(rule=by_name).proxy_request("GET", w.url("/users/octo-cat"), grant_id=w.grant_id)
            got = await client.with_constraints(rule=by_name).proxy_request("GET", w.url("/users/somebody"), grant_id=w.grant_id)
            equal("another user, who the stand-in does not know", got.status_code, 404)
            redact = content(operations=["users/get-by-username"], effect="redact", redact_fields=["username"])
            async with raises(alter_sdk.RedactDischargeFailedError, code="redact_discharge_failed", status=403):
                await client.with_constraints(rule=redact).proxy_request("GET", w.url("/users/octo-cat"), grant_id=w.grant_id)
            redact = content(families=["read"], effect="redact", redact_fields=["since"])
            got = await client.with_constraints(rule=redact).proxy_request("GET", w.url(), grant_id=w.grant_id, query_params={"since": "1"})
            equal("without the member", got.status_code, 200)


@case(*NARROW, "App.proxy_request", name="constraints: step_up asks for a fresh sign-in")
async def step_up(w):
    fresh_enough = content(families=["read"], effect="step_up", max_session_age_seconds=300)
    async with w.app() as app, w.agent() as agent:
        for client in (app, agent):
            async with raises(alter_sdk.StepUpRequiredError, code="step_up_required", status=403, max_session_age_seconds=300):
                await client.with_constraints(rule=fresh_enough).proxy_request("GET", w.url(), grant_id=w.grant_id)
        user = await w.sign_in(app)
        got = await app.with_constraints(rule=fresh_enough).proxy_request("GET", w.url(), grant_id=w.user_grant_id, user_token=user.user_token)
        equal("after a sign-in", got.status_code, 200)


@case("Agent.with_constraints", name="constraints: the builder refuses what the vault would")
async def builder(w):
    """Each shape that the builder makes is one that the vault reads, bound by bound."""
    patterns = ["p" * 512] * 4
    for arguments in (dict(operations=["o" * 255]), dict(families=["send", "read", "write", "delete", "admin", "payment"]),
                      dict(operations=["x"], params=[{"name": "n" * 120, "op": "equals", "value": "v"}, {"name": "n", "op": "equals", "value": 1.5},
                                                     {"name": "n", "op": "any_in", "value": patterns[:2]}, {"name": "n", "op": "not_subset_of", "value": patterns[:1]},
                                                     {"name": "n", "op": "gt", "value": 1}, {"name": "n", "op": "gte", "value": -1}, {"name": "n", "op": "lt", "value": 1e9},
                                                     {"name": "n", "op": "lte", "value": 0},
                                                     {"name": "event_time", "op": "outside_windows", "value": {"timezone": "Europe/Berlin", "windows": [
                                                         {"days": ["mon", "sun"], "start": "22:00", "end": "06:00"}, {"days": ["tue"], "start": "00:00", "end": "24:00"}]}}]),
                      dict(operations=["x"], effect="redact", redact_fields=["f" * 120]), dict(operations=["x"], effect="step_up", max_session_age_seconds=86400)):
        async with w.agent() as agent:
            got = await agent.with_constraints(rule=content(**arguments)).list_grants()  # reads the rule, uses no credential
            true("no list", got.total >= 1)
    for arguments in ({}, dict(operations=[""]), dict(families=["all"]), dict(operations=["x"], effect="allow"), dict(operations=["x"], effect="redact"),
                      dict(operations=["x"], effect="step_up", max_session_age_seconds=86401), dict(operations=["x"], redact_fields=["y"])):
        async with raises(alter_sdk.AlterValueError):
            content(**arguments)


LIMITED = ("Agent.request", "Agent.me", "App.list_grants", "Agent.last_rate_limit", "App.last_rate_limit")


@case(*LIMITED, mode="serve", name="limits: of an address, a key and an app")
async def limits(w):
    for flag, scope in (("--limit-address=3", "ip"), ("--limit-key=3", "api_key"), ("--limit-app=3", "organization")):
        with w.daemon.beside(flag) as address, w.at(address):
            async with w.agent() as agent, w.app() as app:
                for left in (2, 1, 0):
                    await agent.list_grants()
                    got = agent.last_rate_limit
                    equal("snapshot", (got.limit, got.remaining), (3, left))
                    true("reset_at", got.reset_at)
                for call in (lambda: agent.list_grants(), lambda: agent.request("GET", w.url("/x"), grant_id=w.grant_id), agent.me,
                             lambda: agent.proxy_request("GET", w.url("/x"), grant_id=w.grant_id), lambda: agent.spans.emit([span()])):
                    async with raises(alter_sdk.RateLimitError, code="rate_limit_exceeded", scope=scope, limit=3, window_seconds=60) as caught:
                        await call()
                    true(f"retry_after {caught.error.retry_after}", 1 <= caught.error.retry_after <= 61)
                async with raises(alter_sdk.BackendError, code="rate_limit_exceeded", status=429):  # plain in this client
                    await agent.get_approval_status("44444444-4444-4444-8444-444444444444")
                if scope == "api_key":
                    equal("another key", (await app.list_grants()).limit, 100)
                    true("no snapshot", app.last_rate_limit.remaining == 2)
                else:
                    async with raises(alter_sdk.RateLimitError, scope=scope):
                        await app.agents.list()


def span():
    return alter_sdk.UserSpan(trace_id="t", name="n", start_time="2026-01-01T00:00:00Z")


@case(*LIMITED, mode="serve", name="limits: of a calendar window")
async def quota(w):
    with w.daemon.beside("--quota=month=2", "--quota=day=1000") as address, w.at(address):
        async with w.agent() as agent, w.app() as app:
            for _ in range(2):
                await agent.list_grants()
            for call in (agent.list_grants, app.list_grants, lambda: app.keys.derive(scopes=["grants:read"], expires_in=60),
                         lambda: agent.request("GET", w.url("/x"), grant_id=w.grant_id)):
                async with raises(alter_sdk.QuotaExceededError, code="quota_exceeded", status=429) as caught:
                    await call()
                true(f"retry_after {caught.error.retry_after}", 1 <= caught.error.retry_after <= 31 * 86400)
            async with raises(alter_sdk.BackendError, code="quota_exceeded", status=429):  # plain in this client's agents namespace
                await agent.me()
