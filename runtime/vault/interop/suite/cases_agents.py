"""Both namespaces of agents and keys, and the catalogs."""

import asyncio
import uuid

import alter_sdk

from harness import case, equal, fresh, raises, true

NOBODY = str(uuid.UUID(int=7, version=4))


@case("agents.create", "agents.get", "agents.get_by_name", "agents.list", "agents.delete")
async def create_find_and_delete(w):
    async with w.app() as app:
        name = fresh("agent")
        made = await app.agents.create(name=name, scopes={"github": ["repo"]}, display_name="Builder", type="service",
                                       metadata={"team": "x"}, policy=None)
        true("no key", made.api_key.startswith("alter_key_"))
        equal("version", made.version, 1)
        equal("status", made.status, "active")
        equal("type", made.type, "service")
        equal("metadata", made.metadata, {"team": "x"})
        equal("scopes", made.scopes, {"github": ["repo"]})
        got = await app.agents.get(str(made.id))
        equal("get.name", got.name, name)
        equal("get.display_name", got.display_name, "Builder")
        equal("by name", (await app.agents.get_by_name(name)).id, made.id)
        equal("by a name nobody has", await app.agents.get_by_name(fresh("nobody")), None)
        async with raises(alter_sdk.AgentNameExistsError):
            await app.agents.create(name=name, scopes={})
        async with w.agent(key=made.api_key) as agent:
            equal("me", (await agent.me()).id, made.id)
        deleted = await app.agents.delete(str(made.id))
        equal("status after delete", deleted.status, "revoked")
        equal("deleted twice", (await app.agents.delete(str(made.id))).status, "revoked")
        equal("by name after delete", await app.agents.get_by_name(name), None)
        again = await app.agents.create(name=name, scopes={})  # the name is free again
        true("the same agent", again.id != made.id)
        for call in (app.agents.get, app.agents.delete, app.agents.suspend, app.agents.resume, app.agents.mint_key, app.agents.list_keys):
            async with raises(alter_sdk.AgentNotFoundError):
                await call(NOBODY)


@case("agents.list")
async def lists_in_pages(w):
    async with w.app() as app:
        made = [await w.new_agent(app) for _ in range(3)]
        await app.agents.delete(str(made[0].id))
        seen, offset = [], 0
        while True:
            page = await app.agents.list(limit=2, offset=offset)
            seen += [str(a.id) for a in page.agents]
            offset += 2
            if not page.has_more:
                break
        equal("total", page.total, len(seen))
        equal("each once", len(set(seen)), len(seen))
        true("a deleted one is listed", str(made[0].id) not in seen)
        true("one is missing", {str(a.id) for a in made[1:]} <= set(seen))
        whole = await app.agents.list(include_revoked=True, limit=1000)
        true("include_revoked leaves it out", str(made[0].id) in {str(a.id) for a in whole.agents})


@case("agents.create")
async def idempotency(w):
    async with w.app() as app:
        key, name = fresh("idem"), fresh("agent")
        body = dict(name=name, scopes={}, idempotency_key=key)
        first = await app.agents.create(**body)
        again = await app.agents.create(**body)
        equal("the same agent", again.id, first.id)
        equal("the key of a replay", again.api_key, None)
        async with raises(alter_sdk.IdempotencyKeyBodyMismatchError):
            await app.agents.create(**{**body, "display_name": "other"})
        await app.agents.suspend(str(first.id))
        async with raises(alter_sdk.IdempotencyKeyAgentInactiveError):
            await app.agents.create(**body)
        await app.agents.delete(str(first.id))
        async with raises(alter_sdk.IdempotencyKeyAgentRevokedError):
            await app.agents.create(**body)


@case("agents.update")
async def update(w):
    async with w.app() as app:
        made = await app.agents.create(name=fresh("agent"), scopes={"github": ["repo"]})
        ident = str(made.id)
        got = await app.agents.update(ident, display_name="New", metadata={"a": "b"})
        equal("display_name", got.display_name, "New")
        equal("metadata", got.metadata, {"a": "b"})
        true("version did not grow", got.version > made.version)
        same = await app.agents.update(ident, display_name="New")
        equal("version of an unchanged value", same.version, got.version)
        wide = await app.agents.update(ident, scopes={"github": ["repo", "user"]}, expected_version=same.version)
        equal("widened at once", wide.scopes, {"github": ["repo", "user"]})
        async with raises(alter_sdk.AgentConcurrentUpdateError):
            await app.agents.update(ident, scopes={"github": ["repo"]}, expected_version=same.version)
        later = await app.agents.update(ident, scopes={"github": ["repo"]}, expected_version=wide.version, grace_seconds=3600)
        equal("narrowed later", later.scopes, {"github": ["repo", "user"]})
        equal("scopes_pending", later.scopes_pending, {"github": ["repo"]})
        true("no scopes_applies_at", later.scopes_applies_at)
        now = await app.agents.update(ident, scopes={}, expected_version=later.version, grace_seconds=0)
        equal("narrowed now", now.scopes, {})
        async with raises(alter_sdk.AlterValueError):
            await app.agents.update(ident, scopes={})


@case("agents.suspend", "agents.resume", "Agent.me", "Agent.request")
async def suspend_and_resume(w):
    async with w.app() as app:
        made = await w.new_agent(app)
        async with w.agent(key=made.api_key) as agent:
            equal("suspended", (await app.agents.suspend(str(made.id))).status, "inactive")
            equal("me works", (await agent.me()).status, "inactive")
            for call in (agent.request, agent.proxy_request):
                async with raises(alter_sdk.AgentInactiveError, status=401):
                    await call("GET", w.url(), grant_id=w.grant_id)
            async with raises(alter_sdk.AgentInactiveError, status=401):
                await agent.list_grants()
            async with raises(alter_sdk.AgentInactiveError, status=401):
                await agent.create_connect_session(allowed_providers=["github"])
            equal("resumed", (await app.agents.resume(str(made.id))).status, "active")
            equal("grants", (await agent.list_grants()).total, 0)


@case("agents.mint_key", "agents.list_keys", "agents.deprecate_key", "agents.undeprecate_key", "agents.revoke_key")
async def keys_of_an_agent(w):
    async with w.app() as app:
        made = await w.new_agent(app)
        ident = str(made.id)
        minted = await app.agents.mint_key(ident)
        true("no key", minted.api_key.startswith("alter_key_"))
        listed = (await app.agents.list_keys(ident)).items
        equal("keys, oldest first", [k.key_id for k in listed], [made.key_id, minted.key_id])
        true("no prefix", all(k.key_prefix and k.name for k in listed))
        second = str(minted.key_id)
        equal("deprecated", (await app.agents.deprecate_key(ident, second)).deprecated_at is not None, True)
        equal("deprecated twice", (await app.agents.deprecate_key(ident, second)).deprecated_at is not None, True)
        async with w.agent(key=minted.api_key) as agent:
            equal("a deprecated key works", (await agent.me()).id, made.id)
        equal("undeprecated", (await app.agents.undeprecate_key(ident, second)).deprecated_at, None)
        equal("revoked", (await app.agents.revoke_key(ident, second)).revoked_at is not None, True)
        for call in (app.agents.deprecate_key, app.agents.undeprecate_key):
            async with raises(alter_sdk.KeyAlreadyRevokedError):
                await call(ident, second)
        async with w.agent(key=minted.api_key) as agent:
            async with raises(alter_sdk.KeyRevokedError, status=401):
                await agent.me()
            async with raises(alter_sdk.KeyRevokedError, status=401):
                await agent.request("GET", w.url(), grant_id=w.grant_id)
        async with raises(alter_sdk.LastActiveKeyError):
            await app.agents.revoke_key(ident, str(made.key_id))
        await app.agents.revoke_key(ident, str(made.key_id), force=True)
        for call in (app.agents.deprecate_key, app.agents.undeprecate_key, app.agents.revoke_key):
            async with raises(alter_sdk.KeyNotFoundError):
                await call(ident, NOBODY)


@case("agents.mint_key")
async def too_many_keys(w):
    async with w.app() as app:
        made = await w.new_agent(app)
        async with raises(alter_sdk.AgentKeyLimitError):
            for _ in range(200):
                await app.agents.mint_key(str(made.id))


@case("agents.create", "agents.list", "agents.delete")
async def an_agents_key_manages_no_agents(w):
    async with w.app(key=w.agent_key) as app:
        async with raises(alter_sdk.AgentCannotMintSubagentsError, status=403):
            await app.agents.create(name=fresh("agent"), scopes={})


@case("Agent.me")
async def me_needs_an_agents_key(w):
    async with w.agent(key=w.app_key) as agent:
        async with raises(alter_sdk.MeRequiresAgentKeyError):
            await agent.me()


@case("keys.derive", "keys.revoke", "App.keys", "Agent.keys")
async def derived_keys(w):
    async with w.app() as app:
        key = await app.keys.derive(scopes=["grants:read"], expires_in=600, name="report", metadata={"a": "b"})
        true("no key", key.api_key.startswith("alter_dk_"))
        equal("key_type", key.key_type, "dk")
        equal("scopes", key.scopes, ["grants:read"])
        true("no expiry", key.expires_at)
        async with w.app(key=key.api_key) as small:
            true("no grants", (await small.list_grants()).total > 0)
            async with raises(alter_sdk.InsufficientScopeError, status=403) as caught:
                await small.request("GET", w.url(), grant_id=w.grant_id)
            true("required is empty", caught.error.required)
            async with raises(alter_sdk.InsufficientScopeError, status=403):
                await small.agents.list()
        async with raises(alter_sdk.BackendError):
            await app.keys.derive(scopes=["no-such-scope"], expires_in=600)
        gone = await app.keys.revoke(key_id=str(key.id))
        true("no revoked_at", gone.revoked_at)
        async with w.app(key=key.api_key) as small:
            async with raises(alter_sdk.KeyRevokedError, status=401):
                await small.list_grants()
        async with raises(alter_sdk.GrantNotFoundError, status=404, code="key_not_found"):
            await app.keys.revoke(key_id=NOBODY)
        async with raises(alter_sdk.AlterValueError):
            await app.keys.derive(scopes=["keys:derive"], expires_in=600)
        default = await app.keys.derive(scopes=["grants:read"], expires_in=600)
        true(f"name {default.name}", default.name.startswith("derived-"))


@case("keys.derive", "App.list_grants")
async def an_expired_key(w):
    async with w.app() as app:
        key = await app.keys.derive(scopes=["grants:read"], expires_in=1)
        await asyncio.sleep(1.3)
        async with w.app(key=key.api_key) as late:
            async with raises(alter_sdk.KeyExpiredError, status=401):
                await late.list_grants()


@case("keys.derive", "App.list_grants")
async def a_key_for_another_network(w):
    async with w.app() as app:
        key = await app.keys.derive(scopes=["grants:read"], expires_in=600, cidr_allowlist=["127.0.0.0/8"])
        async with w.app(key=key.api_key) as near:
            true("no grants", (await near.list_grants()).total > 0)
        key = await app.keys.derive(scopes=["grants:read"], expires_in=600, cidr_allowlist=["192.0.2.0/24"])
        async with w.app(key=key.api_key) as far:
            async with raises(alter_sdk.PolicyViolationError, status=403):
                await far.list_grants()


@case("keys.rotate", "keys.revoke")
async def rotated_keys(w):
    """Rotates a key of an agent made for it; the application's own key stays."""
    async with w.app() as app:
        made = await w.new_agent(app)
        async with w.agent(key=made.api_key) as agent:
            new = await agent.keys.rotate(key_id=str(made.key_id), overlap_days=1)
            true("no key", new.api_key)
            equal("the old one in its overlap", (await agent.me()).id, made.id)
            async with w.agent(key=new.api_key) as rotated:
                equal("the new one", (await rotated.me()).id, made.id)
                last = await rotated.keys.rotate(key_id=str(new.id), overlap_days=0)
                async with raises(alter_sdk.KeyRotationExpiredError, status=401):
                    await rotated.me()
                async with w.agent(key=last.api_key) as now:
                    equal("the newest", (await now.me()).id, made.id)
        derived = await app.keys.derive(scopes=["grants:read"], expires_in=600)
        async with raises(alter_sdk.BackendError):
            await app.keys.rotate(key_id=str(derived.id))


@case("scopes.list", "App.scopes", "Agent.scopes")
async def scope_catalog(w):
    async with w.app() as app, w.agent() as agent:
        for client in (app, agent):
            catalog = await client.scopes.list()
            true("no verbs of grants", "read" in catalog.resources["grants"].verbs)
            equal("scope_version", catalog.scope_version >= 1, True)


@case("oauth_providers.list", "App.oauth_providers", "Agent.oauth_providers")
async def provider_catalog(w):
    async with w.app() as app, w.agent() as agent:
        for client in (app, agent):
            catalog = await client.oauth_providers.list()
            true("github is not in it", "github" in catalog.providers)
            equal("status", catalog.providers["github"].status, "active")
            again = await client.oauth_providers.list(force_refresh=True)
            equal("the same again", sorted(again.providers), sorted(catalog.providers))
