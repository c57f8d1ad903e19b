"""Managed secrets: kinds, grants, sessions, and AWS signatures that botocore makes again."""

import asyncio
import base64
import contextlib
import os
import re
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

import alter_sdk

from echoserver import EchoServer
from harness import browse, case, equal, fresh, raises, true

KEY, SECOND = "test-secret-managed/key+1", "test-secret-managed-second"
ACCESS_KEY, SIGNING_KEY, SESSION_TOKEN = "TESTACCESSKEY0", "test-secret-signing/+=", "test-secret-session//+="


def secret(w, server, kind, *flags, value, slug=None):
    """Makes a managed secret as the operator does; its slug and ID."""
    slug = slug or fresh("secret")
    made = w.told("secret", "add", slug, "--kind", kind, "--host", server.url, *flags, stdin="\n".join(value) + "\n")
    return slug, made["SECRET_ID"]


def text_of(answer):
    """The provider's answer, as a proxied call returns it."""
    return base64.b64decode(answer.body_b64).decode()


async def system_grant(app, ident):
    return (await app.create_managed_secret_grant(ident, principal=alter_sdk.SystemPrincipal())).grant_id


@case("App.create_managed_secret_grant", "App.request", "App.proxy_request", name="secrets: every kind, in both modes")
async def kinds(w):
    basic = base64.b64encode(f"user:{KEY}".encode()).decode()
    query = {"key": [KEY], "token": [SECOND]}
    with EchoServer() as server:
        for kind, flags, value, seen in (
            ("bearer", (), [KEY], lambda: server.headers.get("authorization") == f"Bearer {KEY}"),
            ("header", ("--in=X-Key", "--prefix=Token "), [KEY], lambda: server.headers.get("x-key") == f"Token {KEY}"),
            ("header", ("--in=A-Key", "--in=B-Key"), [KEY, SECOND], lambda: (server.headers.get("a-key"), server.headers.get("b-key")) == (KEY, SECOND)),
            ("basic", (), ["user", KEY], lambda: server.headers.get("authorization") == f"Basic {basic}"),
            ("query", ("--in=key", "--in=token"), [KEY, SECOND],
             lambda: urllib.parse.parse_qs(urllib.parse.urlsplit(server.target).query) == query and "authorization" not in server.headers),
        ):
            slug, ident = secret(w, server, kind, *flags, value=value)
            async with w.app() as app:
                grant = await system_grant(app, ident)
                for call in (app.request, app.proxy_request):
                    answer = await call("GET", server.url + "/v1/things", grant_id=grant, reason="suite")
                    equal(f"status of {kind}", answer.status_code, 200)
                    true(f"{kind} is not where it belongs in {server.target} {server.headers}", seen())
                answer = await app.proxy_request("GET", server.url + "/v1/things", provider=slug)
                true("the provider's echo holds the secret", not any(s in text_of(answer) for s in (KEY, SECOND, basic)))
            row = w.rows(grant_id=grant)[-1]
            equal("provider of the row", row["provider"], slug)
            true("a row holds the secret", not any(s in str(w.rows(grant_id=grant)) for s in (KEY, urllib.parse.quote(KEY, safe=""), SECOND, basic)))


@case("App.create_managed_secret_grant", "App.list_grants", name="secrets: grants of users and their refusals")
async def grants(w):
    with EchoServer() as server:
        slug, ident = secret(w, server, "bearer", "--user-keys", value=[KEY])
        async with w.app() as app:
            user = await w.sign_in(app)
            made = await app.create_managed_secret_grant(
                ident, principal=alter_sdk.UserPrincipal(user_token=user.user_token, label="mine"), grant_policy={"max_ttl_seconds": 3600, "default_ttl_seconds": 60})
            equal("principal_type", made.principal_type, "user")
            equal("label", made.label, "mine")
            listed = (await app.list_grants(provider_id=slug)).grants
            equal("grants listed", len(listed), 1)
            item = listed[0]
            equal("grant_kind", item.grant_kind, "managed_secret")
            equal("class", type(item).__name__, "ManagedSecretGrantItem")
            equal("slug, kind, owner", (item.managed_secret_slug, item.credential_kind, item.principal_type, item.access_via), (slug, "developer", "user", "ownership"))
            equal("managed_secret_id", item.managed_secret_id, ident)
            true("no end", item.grant_expires_at)
            async with raises(alter_sdk.SiblingLabelConflictError, code="sibling_label_conflict", status=409, label="mine"):
                await app.create_managed_secret_grant(ident, principal=alter_sdk.UserPrincipal(user_token=user.user_token, label="mine"))
            async with raises(alter_sdk.GrantNotFoundError, code="managed_secret_not_found", status=404):
                await app.create_managed_secret_grant(w.agent_id, principal=alter_sdk.SystemPrincipal())
            async with raises(alter_sdk.ReAuthRequiredError, code="jwt_validation_error", status=401):
                await app.create_managed_secret_grant(ident, principal=alter_sdk.UserPrincipal(user_token="no-token", label="l"))
            async with raises(alter_sdk.BackendError, code="agent_principal_not_supported", status=422):
                await app.create_managed_secret_grant(ident, principal=alter_sdk.AgentPrincipal())
            async with raises(alter_sdk.BackendError, status=422):
                await app.create_managed_secret_grant(ident, principal=alter_sdk.GroupPrincipal(external_group_id="g", idp_id="i", label="l"))
            async with raises(alter_sdk.GrantNotFoundError, code="credential_not_found", status=404):
                await app.create_managed_secret_grant(ident, principal=alter_sdk.SystemPrincipal(), credential_id=w.agent_id)
            async with raises(alter_sdk.BackendError, code="invalid_grant_policy", status=422):
                await app.create_managed_secret_grant(ident, principal=alter_sdk.SystemPrincipal(), grant_policy={"expires_at": "2020-01-01"})
            second = w.told("secret", "key", slug, "--label=second", stdin=SECOND + "\n")["CREDENTIAL_ID"]
            async with raises(alter_sdk.CredentialIdRequiredError, code="credential_id_required", status=409) as caught:
                await app.create_managed_secret_grant(ident, principal=alter_sdk.SystemPrincipal())
            true("the choices lack one", second in [c.credential_id for c in caught.error.credentials])
            grant = (await app.create_managed_secret_grant(ident, principal=alter_sdk.SystemPrincipal(), credential_id=second)).grant_id
            await app.proxy_request("GET", server.url + "/", grant_id=grant)
            equal("second value", server.headers["authorization"], f"Bearer {SECOND}")
            w.operator("secret", "rotate", slug, "--credential", second, stdin="test-secret-rotated\n")
            await app.request("GET", server.url + "/", grant_id=grant)
            equal("rotated value", server.headers["authorization"], "Bearer test-secret-rotated")
            sibling = await app.mint_grant(grant, label=fresh("label"), grant_policy={"restrictions": {"allowed_methods": ["GET"]}})
            async with raises(alter_sdk.PolicyViolationError, status=403):
                await app.proxy_request("DELETE", server.url + "/", grant_id=sibling.grant_id)
            equal("revoked", (await app.revoke_grant(grant)).grant_id, grant)
            async with raises(alter_sdk.GrantRevokedError, status=400):
                await app.request("GET", server.url + "/", grant_id=grant)
            w.operator("secret", "remove", slug)
            async with raises(alter_sdk.GrantRevokedError, status=400):
                await app.proxy_request("GET", server.url + "/", grant_id=made.grant_id)
        only, _ = secret(w, server, "header", "--in=X-Key", "--user-keys", value=[KEY])
        w.operator("secret", "remove", only)  # its name is free again
        ident = w.told("secret", "add", only, "--kind=header", "--in=X-Key", "--host", server.url, "--no-value")["SECRET_ID"]
        async with w.app() as app:
            async with raises(alter_sdk.GrantNotFoundError, code="no_active_credential", status=404):
                await app.create_managed_secret_grant(ident, principal=alter_sdk.SystemPrincipal())


@case("App.create_managed_secret_connect_session", "Agent.create_managed_secret_connect_session", "App.list_grants", "Agent.request", "Agent.proxy_request",
      name="secrets: a user enters a key, lends it and repairs it")
async def entering(w):
    with EchoServer() as server:
        slug = fresh("secret")
        ident = w.told("secret", "add", slug, "--kind=header", "--in=X-Key", "--host", server.url, "--template=kit", "--no-value")["SECRET_ID"]
        async with w.app() as app:
            user = (await w.sign_in(app)).user_token
            made = await app.agents.create(name=fresh("agent"), scopes={"managed_secret_slugs": [slug]})
            session = await app.create_managed_secret_connect_session(
                provider=slug, user_token=user, agent=made.name, delegable=True, requested_grant={"label": "mine"}, grant_policy={"max_ttl_seconds": 600},
                direct=True, allow_user_policy_rules=False, return_url=server.url + "/done")
            equal("path", session.path, "key_entry")
            equal("echo", (session.secret_slug, session.template_slug, session.agent_id, session.delegable_requested), (slug, "kit", str(made.id), True))
            await browse(session.connect_url, enter={"value_0": KEY})
            grant = (await app.list_grants(provider_id=slug, end_user_token=user)).grants[0]
            equal("credential_kind, label", (grant.credential_kind, grant.label), ("end_user", "mine"))
            async with w.agent(made.api_key) as agent:
                for call in (agent.request, agent.proxy_request):
                    server.headers = {}
                    equal("status", (await call("GET", server.url + "/x", provider=slug)).status_code, 200)
                    equal("key", server.headers["x-key"], KEY)
                mine = (await agent.list_grants()).grants
                equal("reached", [(g.managed_secret_slug, g.access_via, g.delegable, g.depth) for g in mine], [(slug, "ms_delegation", True, 1)])
                other = await app.agents.create(name=fresh("agent"), scopes={"managed_secret_slugs": [slug]})
                handed = await agent.delegate(grant.grant_id, str(other.id))
                equal("grant_kind", handed.grant_kind, "managed_secret")
                await agent.revoke_delegation(grant.grant_id)
                async with raises(alter_sdk.NoDelegatedGrantError, status=404):
                    await agent.proxy_request("GET", server.url + "/x", provider=slug)
            again = await app.create_managed_secret_connect_session(template_slug="KIT", user_token=user, delegated_agent_id=str(made.id), requested_ttl_seconds=60)
            equal("path, existing grant", (again.path, again.existing_grant_id), ("fast_path", grant.grant_id))
            await browse(again.connect_url)
            async with w.agent(made.api_key) as agent:
                equal("lent again", (await agent.request("GET", server.url + "/x", grant_id=grant.grant_id)).status_code, 200)
            repair = await app.create_managed_secret_connect_session(provider=slug, user_token=user, repair_grant_id=grant.grant_id)
            equal("path", repair.path, "repair")
            await browse(repair.connect_url, enter={"value_0": SECOND})
            await app.request("GET", server.url + "/x", grant_id=grant.grant_id)
            equal("new key", server.headers["x-key"], SECOND)
            acting = app.get_agent(str(made.id))
            session = await acting.create_managed_secret_connect_session(provider=slug, user_token=user)
            equal("agent_id", session.agent_id, str(made.id))
            credential = [g.credential_id for g in (await app.list_grants(provider_id=slug)).grants][0]
            async with raises(alter_sdk.EndUserCredentialNotAssignableError, code="end_user_credential_not_assignable", status=409):
                await app.create_managed_secret_grant(ident, principal=alter_sdk.SystemPrincipal(), credential_id=credential)


@case("App.create_managed_secret_connect_session", "Agent.create_managed_secret_connect_session", name="secrets: sessions that cannot be made")
async def refusals(w):
    with EchoServer() as server:
        slug, _ = secret(w, server, "bearer", "--template=stripe", value=[KEY])
        secret(w, server, "bearer", "--template=stripe", value=[KEY])
        async with w.app() as app, w.agent() as agent:
            user = (await w.sign_in(app)).user_token
            limited = await app.agents.create(name=fresh("agent"), scopes={"github": ["repo"]})
            for cls, code, status, options in (
                (alter_sdk.ConnectConfigError, "secret_not_found", None, dict(provider="no-such-secret")),
                (alter_sdk.ConnectConfigError, "secret_template_mismatch", None, dict(provider=slug, template_slug="other")),
                (alter_sdk.ConnectConfigError, "no_eligible_grants", None, dict(provider=slug)),
                (alter_sdk.ConnectConfigError, "no_eligible_grants", None, dict(provider=slug, agent=str(limited.id))),
                (alter_sdk.AgentNotFoundError, "agent_not_found", 404, dict(provider=slug, agent="nobody")),
                (alter_sdk.GrantNotFoundError, "grant_not_found", 404, dict(provider=slug, repair_grant_id=w.grant_id)),
                (alter_sdk.BackendError, "invalid_origin", 400, dict(provider=slug, allowed_origin="https://h/p")),
                (alter_sdk.BackendError, "invalid_return_url", 422, dict(provider=slug, return_url="javascript:1")),
            ):
                async with raises(cls, code=code, status=status):
                    await app.create_managed_secret_connect_session(user_token=user, **options)
            async with raises(alter_sdk.ReAuthRequiredError, status=401):
                await app.create_managed_secret_connect_session(provider=slug, user_token="no-token")
            async with raises(alter_sdk.BackendError, code="agent_user_token_conflict", status=400):
                await agent.create_managed_secret_connect_session(provider=slug, user_token=user)
            weak = w.told("app", "mint", w.operator("app", "list").split("\n")[1].split()[0], "--scopes=connect:initiate")["ALTER_APP_KEY"]
        async with w.app(weak) as app:
            async with raises(alter_sdk.InsufficientScopeError, status=403) as caught:
                await app.create_managed_secret_connect_session(provider=slug, user_token=user)
            equal("missing", caught.error.missing, ["secrets:write"])


def signed_by_botocore(server, service, region):
    """The signature that botocore makes of what the server received."""
    auth = server.headers["authorization"]
    signed = re.search(r"SignedHeaders=([^,]+)", auth)[1].split(";")
    request = botocore.awsrequest.AWSRequest(
        method=server.method, url=server.url + server.target, data=server.body, headers={name: server.headers[name] for name in signed})
    request.context["timestamp"] = server.headers["x-amz-date"]
    cls = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    signer = cls(botocore.credentials.Credentials(ACCESS_KEY, SIGNING_KEY, SESSION_TOKEN), service, region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return auth, f"Signature={signer.signature(text, request)}"


@case("App.request", "App.proxy_request", "App.create_managed_secret_grant", name="secrets: AWS signatures")
async def aws(w):
    with EchoServer() as server:
        for service in ("s3", "execute-api"):
            _, ident = secret(w, server, "aws_sigv4", "--region=eu-west-1", "--service", service, value=[ACCESS_KEY, SIGNING_KEY, SESSION_TOKEN])
            async with w.app() as app:
                grant = await system_grant(app, ident)
                for target, options in (
                    ("/bucket/a%20b/c", {}), ("/bucket?list-type=2&prefix=x%2Fy", {}), ("/bucket/k", {"json": {"a": [1, "é"]}}),
                    ("/b/k", {"query_params": {"q": "a b+c", "z": "é"}}), ("/b/(x)!/ü", {}),
                ):
                    method = "PUT" if "json" in options else "GET"
                    answer = await app.proxy_request(method, server.url + target, grant_id=grant, **options)
                    auth, want = signed_by_botocore(server, service, "eu-west-1")
                    true(f"{service} {target}: {auth} is not {want}", auth.endswith(want))
                    true("the echo holds a secret", not any(s in text_of(answer) for s in (SESSION_TOKEN, want, ACCESS_KEY, SIGNING_KEY)))
                await app.request("GET", server.url + "/bucket/a%20b", grant_id=grant)  # this client signs for itself
                auth, want = signed_by_botocore(server, service, "eu-west-1")
                true(f"the official client: {auth} is not {want}", auth.endswith(want))
        _, ident = secret(w, server, "aws_sigv4", value=[ACCESS_KEY, SIGNING_KEY])
        async with w.app() as app:
            async with raises(alter_sdk.BackendError, code="request_not_signable", status=422):
                await app.proxy_request("GET", server.url + "/", grant_id=await system_grant(app, ident))


@contextlib.contextmanager
def environment(**values):
    keep = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in keep.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)


@case("App.boto3_client", "Agent.boto3_client", name="secrets: a boto3 client over the vault")
async def boto3_bridge(w):
    with EchoServer() as server, environment(AWS_ENDPOINT_URL_S3=server.url):
        slug, ident = secret(w, server, "aws_sigv4", "--region=us-east-1", "--service=s3", value=[ACCESS_KEY, SIGNING_KEY, SESSION_TOKEN])
        agent_grant = w.told("secret", "grant", slug, "--agent", w.agent_id)["GRANT_ID"]
        async with w.app() as app, w.agent() as agent:
            for client, grant in ((app, await system_grant(app, ident)), (agent, agent_grant)):
                s3 = await client.boto3_client("s3", grant_id=grant, reason="suite")
                server.answer = ("application/xml", "<ListAllMyBucketsResult><Buckets><Bucket><Name>b1</Name></Bucket></Buckets></ListAllMyBucketsResult>")
                listed = await asyncio.to_thread(s3.list_buckets)
                equal("buckets", [b["Name"] for b in listed["Buckets"]], ["b1"])
                auth, want = signed_by_botocore(server, "s3", "us-east-1")
                true(f"{auth} is not {want}", auth.endswith(want))
                row = w.rows(grant_id=grant)[-1]
                equal("mode, provider", (row["mode"], row["provider"]), ("retrieve", slug))
