"""The calls of calls_test.go, made by the official client. ALTER_BASE_URL is the recorder.

    python record.py APP_KEY AGENT_KEY
"""

import asyncio
import contextlib
import io
import logging
import os
import sys
import warnings
import webbrowser

import httpx

import alter_sdk

GRANT, AGENT, OTHER, KEY = (c * 8 + "-" + c * 4 + "-4" + c * 3 + "-8" + c * 3 + "-" + c * 12 for c in "2345")
BASE = os.environ["ALTER_BASE_URL"]
CALLS = {}


def call(client, **options):
    """client is "app", "agent" or "impersonated"."""

    def register(f):
        if f.__name__ in CALLS:
            raise SystemExit(f"two calls are named {f.__name__}: one of them would not be made")
        CALLS[f.__name__] = (client, options, f)
        return f

    return register


def at(path="/user"):
    return BASE + "/provider" + path


FULL = dict(json={"a": [1, None, "é"], "b": True}, extra_headers={"X-Extra": "1"}, query_params={"q": "a b&c"}, path_params={"what": "a/b ü"},
            reason="täglich", context={"run_id": "r1", "tool": "t"})


@call("agent")
async def me(c):
    await c.me()


@call("agent")
async def me_in_a_trace(c):
    async with c.trace(run_id="r1", thread_id="t1", role="wrîter"):
        await c.me()


@call("agent")
async def request_plain(c):
    await c.request("GET", at(), grant_id=GRANT)


@call("agent")
async def request_full(c):
    await c.request("POST", at("/{what}"), grant_id=GRANT, **FULL)


@call("agent")
async def request_bytes(c):
    await c.request("PUT", at(), grant_id=GRANT, body=b"raw \xc3\xa9")


@call("agent")
async def request_in_a_trace(c):
    async with c.trace(run_id="r1", thread_id="t1", a="1", b="2"):
        await c.request("GET", at(), grant_id=GRANT)
        async with c.trace(thread_id="t2"):
            await c.proxy_request("GET", at(), grant_id=GRANT)


@call("agent")
async def request_by_provider(c):
    await c.request("GET", at(), provider="github", account="octo", label="work", app_user_id="u1")


@call("app")
async def request_by_provider_for_a_user(c):
    await c.request("GET", at(), provider="github", user_token="user-token")


@call("app", user_token_getter=lambda: "user-token")
async def request_with_a_getter(c):
    await c.request("GET", at(), grant_id=GRANT)
    await c.proxy_request("GET", at(), grant_id=GRANT)
    await c.list_grants()
    await c.revoke_grant(GRANT)
    await c.create_connect_session()


@call("agent", user_token_getter=lambda: "user-token")
async def agent_with_a_getter(c):
    await c.request("GET", at(), grant_id=GRANT)
    await c.list_grants()
    await c.create_connect_session()


@call("agent")
async def request_refused_by_the_provider(c):
    with contextlib.suppress(alter_sdk.ProviderAPIError):
        await c.request("GET", at("/unauthorized"), grant_id=GRANT)


@call("agent")
async def request_with_too_few_scopes(c):
    with contextlib.suppress(alter_sdk.ProviderAPIError):
        await c.request("GET", at("/narrow"), grant_id=GRANT)


@call("agent")
async def request_with_a_caller(c):
    await c.request("GET", at(), grant_id=GRANT, caller="one-off")


@call("agent")
async def proxy_plain(c):
    await c.proxy_request("GET", at(), grant_id=GRANT)


@call("agent")
async def proxy_full(c):
    await c.proxy_request("POST", at("/{what}"), grant_id=GRANT, **FULL)


@call("app")
async def proxy_by_provider(c):
    await c.proxy_request("GET", at(), provider="github", account="octo", label="work", user_token="user-token", app_user_id="u1")


@call("app", caller="billing-cron")
async def app_with_a_caller(c):
    await c.request("GET", at(), grant_id=GRANT)
    await c.list_grants()
    await c.proxy_request("GET", at(), grant_id=GRANT)
    await c.revoke_delegation(GRANT, AGENT)
    await c.request("GET", at(), grant_id=GRANT, caller="one-off")


@call("app", caller="billing-cron", caller_type="agent")
async def app_with_a_caller_type(c):
    await c.list_grants()


@call("agent", caller="tool-runner")
async def agent_with_a_caller(c):
    await c.me()
    async with c.trace(run_id="r1"):
        await c.me()


@call("impersonated")
async def impersonated(c):
    await c.me()
    await c.request("GET", at(), grant_id=GRANT)
    await c.proxy_request("GET", at(), grant_id=GRANT)
    await c.list_grants()


@call("app")
async def list_grants_plain(c):
    await c.list_grants()


@call("app")
async def list_grants_full(c):
    await c.list_grants(provider_id="github", status="active", account="octo", label="work", end_user_token="user-token", limit=7, offset=3)


@call("agent")
async def list_grants_in_a_trace(c):
    async with c.trace(run_id="r1"):
        await c.list_grants()


@call("app")
async def mint_grant(c):
    await c.mint_grant(GRANT, label="work")
    await c.mint_grant(GRANT, label="ünï", grant_policy={"max_ttl_seconds": 60}, grant_tags=["a", "b"])


@call("agent")
async def delegate(c):
    await c.delegate(GRANT, OTHER)
    await c.delegate(GRANT, OTHER, delegable=False, scope_constraint=["repo"], ttl_seconds=60)


@call("app")
async def revoke_grant(c):
    await c.revoke_grant(GRANT)
    await c.revoke_grant(GRANT.upper(), reason="over")


@call("app")
async def revoke_delegation(c):
    await c.revoke_delegation(GRANT, AGENT)


@call("agent")
async def revoke_own_delegation(c):
    async with c.trace(run_id="r1"):  # not sent with this call
        await c.revoke_delegation(GRANT)


@call("app")
async def connect_session_plain(c):
    await c.create_connect_session()


@call("agent")
async def connect_session_full(c):
    await c.create_connect_session(
        allowed_providers=["github"], direct=True, return_url="https://app.example/back", allowed_origin="https://app.example",
        metadata={"ip_address": "192.0.2.1", "user_agent": "ua"}, grant_policy={"max_ttl_seconds": 60}, required_scopes={"github": ["repo"]},
        agent="builder", user_token="user-token", requested_grant={"label": "work", "restrictions": {"allowed_methods": ["GET"], "allowed_endpoints": ["/user"]}},
        delegable=False, scope_constraint=["repo"], switch_account=True, allow_user_policy_rules=False)


@call("app")
async def connect_session_repair(c):
    await c.create_connect_session(allowed_providers=["github"], repair_grant_id=GRANT.upper())


@call("agent")
async def connect_after_a_missing_delegation(c):
    try:
        await c.request("GET", at("/no-delegated"), provider="github")
    except alter_sdk.NoDelegatedGrantError as e:
        await c.create_connect_session_for_error(e, return_url="https://app.example/back")


@call("agent")
async def connect_after_a_revoked_credential(c):
    try:
        await c.request("GET", at("/credential-revoked"), grant_id=GRANT)
    except alter_sdk.CredentialRevokedError as e:
        await c.create_connect_session_for_error(e)


@call("app")
async def poll_connect_session(c):
    await c.poll_connect_session("cs_1", timeout=5, poll_interval=0.01)


@call("agent")
async def connect(c):
    with contextlib.redirect_stdout(io.StringIO()):
        await c.connect(providers=["github"], open_browser=False, timeout=5, poll_interval=0.01, grant_policy={"max_ttl_seconds": 60})


@call("app")
async def auth_session(c):
    await c.create_auth_session()


@call("app")
async def authenticate(c):
    webbrowser.open = lambda *_: True
    await c.authenticate(timeout=10)
    await c.list_grants()


@call("app")
async def verify_user_token(c):
    await c.verify_user_token("user-token")


@call("app")
async def agents_create(c):
    await c.agents.create(name="builder", scopes={})
    await c.agents.create(name="bü", scopes={"github": ["repo", "user"]}, display_name="B", type="service", metadata={"k": "v"}, policy={"p": 1},
                          idempotency_key="idem-1")


@call("app")
async def agents_list(c):
    await c.agents.list()
    await c.agents.list(include_revoked=True, limit=7, offset=3)


@call("app")
async def agents_get(c):
    await c.agents.get(AGENT)
    await c.agents.get_by_name("bü ilder")


@call("app")
async def agents_update(c):
    await c.agents.update(AGENT, display_name="B", metadata={"k": "v"}, policy={"p": 1})
    await c.agents.update(AGENT, scopes={"github": ["repo"]}, expected_version=3, grace_seconds=60)


@call("app")
async def agents_status(c):
    await c.agents.suspend(AGENT)
    await c.agents.resume(AGENT)
    await c.agents.delete(AGENT)


@call("app")
async def agents_keys(c):
    await c.agents.mint_key(AGENT)
    await c.agents.list_keys(AGENT)
    await c.agents.deprecate_key(AGENT, KEY)
    await c.agents.undeprecate_key(AGENT, KEY)
    await c.agents.revoke_key(AGENT, KEY)
    await c.agents.revoke_key(AGENT, KEY, force=True)


@call("app")
async def keys(c):
    await c.keys.derive(scopes=["grants:read"], expires_in=600)
    await c.keys.derive(scopes=["grants:read", "audit:emit"], expires_in=60, cidr_allowlist=["127.0.0.0/8"], name="report", metadata={"k": "v"})
    await c.keys.rotate(key_id=KEY, overlap_days=3)
    await c.keys.revoke(key_id=KEY)
    await c.keys.revoke(key_id=KEY, force=True)


SCOPES = ["tokens:retrieve", "proxy:execute", "audit:emit", "approvals:read", "grants:read", "spans:emit"]


@call("agent")
async def constrained(c):
    narrow = c.with_constraints(scopes=SCOPES, rule={"rule_type": "json_match", "rule_body": {"when": {"method": "POST", "provider_id": "gïthub"}, "effect": "deny"}})
    await narrow.me()
    await narrow.request("GET", at(), grant_id=GRANT)
    await narrow.proxy_request("GET", at(), grant_id=GRANT, context={"run_id": "r1"})
    await narrow.list_grants()
    await narrow.get_approval_status(KEY)
    await narrow.spans.emit([span()])
    with contextlib.suppress(alter_sdk.ProviderAPIError):
        await narrow.request("GET", at("/narrow"), grant_id=GRANT)
    await c.me()  # the parent is as it was


@call("app", caller="billing-cron")
async def constrained_with_a_caller(c):
    await c.request("GET", at(), grant_id=GRANT)
    narrow = c.with_constraints(scopes=["proxy:execute"])
    await narrow.proxy_request("GET", at(), grant_id=GRANT)
    await narrow.revoke_grant(GRANT)
    await narrow.create_connect_session()


@call("app")
async def rules_of_every_kind(c):
    rules = [("ip_allowlist", {"allow": ["192.0.2.7", "2001:db8::/32"]}), ("time_window", {"business_hours_only": True, "timezone": "Europe/Berlin"}),
             ("require_approval", {"effect": "require_approval", "approval": {"approvers": ["ann"], "expires_in_seconds": 600}, "when": {"method": "POST"}})]
    for kind, body in rules:
        await c.with_constraints(rule={"rule_type": kind, "rule_body": body}).proxy_request("GET", at(), grant_id=GRANT)
    build = alter_sdk.content_match_rule
    for rule in (build(operations=["issues/create"], families=[], params=[]), build(operations=[], families=["send", "payment"], params=[
            {"name": "recipients", "op": "not_subset_of", "value": ["*@example.com"]}, {"name": "amount", "op": "gt", "value": 1.5},
            {"name": "currency", "op": "equals", "value": "eur"}, {"name": "event_time", "op": "outside_windows", "value": {
                "windows": [{"days": ["mon", "fri"], "start": "09:00", "end": "24:00"}], "timezone": "Europe/Berlin"}}]),
            build(operations=["x"], families=["read"], params=[], effect="redact", redact_fields=["bcc"]),
            build(operations=["x"], families=[], params=[], effect="step_up", max_session_age_seconds=300)):
        await c.with_constraints(rule=rule).proxy_request("GET", at(), grant_id=GRANT)


@call("app", caller="billing-cron")
async def approval(c):
    held = await c.proxy_request("POST", at("/held"), grant_id=GRANT, json={"n": 1})
    await c.get_approval_status(str(held.approval_id))
    await c.get_approval_status(str(held.approval_id), wait=7.9)
    await c.await_approval(str(held.approval_id), timeout=300, poll_interval=0.01)


@call("agent")
async def approval_in_a_trace(c):
    async with c.trace(run_id="r1"):  # not sent with the polls
        held = await c.proxy_request("POST", at("/held"), grant_id=GRANT)
        await c.await_approval(str(held.approval_id), timeout=5, poll_interval=0.01)


@call("agent")
async def approval_denied(c):
    with contextlib.suppress(alter_sdk.ApprovalDeniedError):
        await c.await_approval(OTHER, timeout=300)


@call("app")
async def app_identity(c):
    await c.resolve_identity()
    await c.resolve_identity(user_token="user-token", include_profile=True)
    await c.assert_identity(audience="https://memory.example")
    await c.assert_identity(audience="urn:mem:ä", user_token="user-token", ttl_seconds=60, include_profile=True)


@call("app", user_token_getter=lambda: "user-token")
async def app_identity_with_a_getter(c):
    await c.resolve_identity()
    await c.assert_identity(audience="https://memory.example")


@call("agent", user_token_getter=lambda: "user-token")
async def agent_identity(c):
    await c.resolve_identity()
    await c.resolve_identity(app_user_id=OTHER)
    await c.assert_identity(audience="https://memory.example", ttl_seconds=300)
    async with c.trace(run_id="r1", thread_id="t1"):
        await c.assert_identity(audience="https://memory.example", app_user_id=OTHER, user_token="other-token", include_profile=True)


def span(**more):
    return alter_sdk.UserSpan(trace_id="t", name="n", start_time="2026-01-01T00:00:00Z", **more)


@call("agent")
async def spans(c):
    await c.spans.emit([span()])
    async with c.trace(run_id="r1"):
        await c.spans.emit([span(span_id="s", parent_span_id="p", end_time="2026-01-01T00:00:01.5+02:00", attributes={"a": "ü", "b": ""}), span()])


@call("app", caller="billing-cron")
async def managed_secret_grants(c):
    async with alter_sdk.App(api_key=sys.argv[1]) as other:
        await other.create_managed_secret_grant(KEY, principal=alter_sdk.SystemPrincipal())
    await c.create_managed_secret_grant(KEY, principal=alter_sdk.UserPrincipal(user_token="user-token", label="wörk"), grant_policy={"max_ttl_seconds": 60, "default_ttl_seconds": 30},
                                        credential_id=OTHER)
    await c.create_managed_secret_grant(KEY, principal=alter_sdk.GroupPrincipal(external_group_id="g", idp_id="i", label="l"))
    await c.create_managed_secret_grant(KEY, principal=alter_sdk.AgentPrincipal(label="a"))


@call("app", user_token_getter=lambda: "another-token")
async def managed_secret_session(c):
    create = c.create_managed_secret_connect_session
    await create(provider="stripe", user_token="user-token")
    await create(provider="stripe", user_token="user-token", agent="builder", delegable=True, requested_grant={"label": "work"}, grant_policy={"max_ttl_seconds": 60}, direct=True,
                 allow_user_policy_rules=False, allowed_origin="https://app.example", return_url="https://app.example/back", template_slug="Kit")
    await create(provider="stripe", user_token="user-token", repair_grant_id=GRANT.upper())
    await create(template_slug="Stripe", user_token="user-token", delegated_agent_id=AGENT.upper(), requested_ttl_seconds=60)


@call("agent")
async def managed_secret_session_of_an_agent(c):
    async with c.trace(run_id="r1"):  # not sent
        await c.create_managed_secret_connect_session(provider="stripe", user_token="user-token", delegable=True)


@call("agent", user_token_getter=lambda: "getter-token")
async def managed_secret_session_of_an_agent_with_a_getter(c):
    await c.create_managed_secret_connect_session(provider="stripe", user_token="user-token", return_url="https://app.example/back")


@call("impersonated")
async def managed_secret_session_impersonated(c):
    await c.create_managed_secret_connect_session(provider="stripe", user_token="user-token")
    await c.create_managed_secret_connect_session(template_slug="stripe", user_token="user-token")


@call("app", caller="billing-cron")
async def catalogs(c):
    await c.scopes.list()
    await c.oauth_providers.list()
    await c.oauth_providers.list()  # is kept
    await c.oauth_providers.list(force_refresh=True)


@call("agent")
async def provider_specs(c):
    async with c.trace(run_id="r1"):
        await c.provider_specs.list()
    await c.provider_specs.list("managed")
    await c.provider_specs.get("oauth", "a/b ü:c")
    await c.provider_specs.list_operations("oauth", "github")
    await c.provider_specs.list_operations("managed", "stripe", search="pay & go+ü", limit=7, offset=3)
    await c.provider_specs.get_operation("oauth", "github", "repos/get")
    await c.provider_specs.get_operation("oauth", "github", "a b&c=d/ü~")


async def main():
    app_key, agent_key = sys.argv[1:3]
    logging.disable(logging.ERROR)
    warnings.simplefilter("ignore")
    async with httpx.AsyncClient() as recorder:
        for name, (kind, options, f) in CALLS.items():
            await recorder.get(f"{BASE}/begin/{name}")
            parent = None
            if kind == "agent":
                client = alter_sdk.Agent(api_key=agent_key, **options)
            else:
                client = parent = alter_sdk.App(api_key=app_key, **options)
                if kind == "impersonated":
                    client = parent.get_agent(AGENT)
            try:
                await f(client)
            except Exception as e:  # noqa: BLE001 - told, and the comparison shows the rest
                print(f"{name}: {type(e).__name__}: {e}", file=sys.stderr)
            await client.close()
            if parent is not None and parent is not client:
                await parent.close()


asyncio.run(main())
