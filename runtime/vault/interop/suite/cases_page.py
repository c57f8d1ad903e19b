"""The agent-runtime page of the vault's documentation, block by block."""

import asyncio
import json

import alter_sdk

from harness import browse, case, equal, fresh, raises, true


@case("Agent", "App.get_agent", "Agent.me", "Agent.request", name="page: direct and impersonated construction have one identity")
async def construction(w):
    async with w.agent() as direct, w.app() as app:
        impersonated = app.get_agent(w.agent_id)
        ids = {str((await direct.me()).id), str((await impersonated.me()).id)}
        equal("identities", ids, {w.agent_id})
        runs = fresh("run"), fresh("run")
        for agent, run in zip((direct, impersonated), runs):
            await agent.request("GET", w.url(), grant_id=w.grant_id, context={"run_id": run})
        await impersonated.close()
    for run in runs:
        equal("agent_id", w.one_row(run_id=run)["agent_id"], w.agent_id)


@case("Agent.me", name="page: me gives ID, name, scopes, policy, and is not there for an App")
async def me(w):
    async with w.agent() as agent:
        info = await agent.me()
        equal("id", str(info.id), w.agent_id)
        true("name", isinstance(info.name, str) and info.name)
        true("scopes", isinstance(info.scopes, dict))
        true("policy", isinstance(info.policy, dict))
    true("App has me", not hasattr(alter_sdk.App, "me"))


@case("Agent.trace", "Agent.request", "Agent.proxy_request", name="page: two calls inside a trace have rows with run-abc123")
async def trace(w):
    async with w.agent() as agent:
        async with agent.trace(run_id="run-abc123"):
            await agent.request("GET", w.url(), grant_id=w.grant_id)
            await agent.proxy_request("GET", w.url(), grant_id=w.user_grant_id)
    rows = w.rows(run_id="run-abc123")
    equal("grants of the rows", [r["grant_id"] for r in rows], [w.grant_id, w.user_grant_id])
    equal("statuses of the rows", [r["status"] for r in rows], [200, 200])


@case("Agent.request", "App.request", name="page: a context on one call tags its row, without a trace")
async def context(w):
    async with w.agent() as agent, w.app() as app:
        for client in (agent, app):
            run = fresh("run")
            await client.request("GET", w.url(), grant_id=w.grant_id, context={"run_id": run, "tool": "list_repos"})
            await client.request("GET", w.url(), grant_id=w.grant_id)
            equal("tool", w.one_row(run_id=run)["tool"], "list_repos")


@case("Agent.connect", "Agent.request", "Agent.list_grants", "App.list_grants",
      name="page: connect's first result has a grant that works, bound to the agent and to no user")
async def connect(w):
    async with w.app() as app:
        made = await w.new_agent(app)
        async with w.agent(key=made.api_key) as agent:
            session = await agent.create_connect_session(allowed_providers=["github"])
            await browse(session.connect_url)
            results = await agent.poll_connect_session(session.session_token, timeout=20, poll_interval=0.1)
            grant = results[0].grant_id
            equal("status", (await agent.request("GET", w.url(), grant_id=grant)).status_code, 200)
            mine = (await agent.list_grants()).grants
            equal("grants of the agent", [(g.grant_id, g.principal_type) for g in mine], [(grant, "agent")])
        all_grants = (await app.list_grants(limit=1000)).grants
        equal("principal in the app's list", [g.principal_type for g in all_grants if g.grant_id == grant], ["agent"])
        async with w.agent() as other:
            async with raises(alter_sdk.AgentDelegationMissingError):
                await other.request("GET", w.url(), grant_id=grant)


@case("App.authenticate", "App.get_agent", "App.verify_user_token", name="page: authenticate gives a user's token for agent code")
async def authenticate(w):
    async with w.app() as app:
        user = await w.sign_in(app)
        true("no subject", await app.verify_user_token(user.user_token))
        true("an Agent has authenticate", not hasattr(alter_sdk.Agent, "authenticate"))
    async with w.app(caller=w.agent_id, caller_type="agent", user_token_getter=lambda: user.user_token) as app:
        run = fresh("run")
        session = await app.create_connect_session(allowed_providers=["github"], agent=w.agent_id)
        await browse(session.connect_url)
        grant = (await app.poll_connect_session(session.session_token, timeout=20, poll_interval=0.1))[0].grant_id
        await app.request("GET", w.url(), grant_id=grant, context={"run_id": run})
    row = w.one_row(run_id=run)
    equal("agent_id", row["agent_id"], w.agent_id)


@case("App.create_auth_session", "App.poll_auth_session", name="page: authenticate runs the same way for an agent")
async def authenticate_for_an_agent(w):
    async with w.app(key=w.agent_key) as app:  # the official Agent has no authenticate; the key is what counts
        user = await w.sign_in(app)
        true("no token", user.user_token)


@case("Agent.revoke_delegation", "App.request", "App.revoke_grant",
      name="page: self-revoke removes the agent's path only, and the App's revoke ends the grant")
async def revoke(w):
    async with w.app() as app:
        user = await w.sign_in(app)
        made = await w.new_agent(app)
        session = await app.create_connect_session(allowed_providers=["github"], user_token=user.user_token, agent=str(made.id))
        await browse(session.connect_url)
        grant = (await app.poll_connect_session(session.session_token, timeout=20, poll_interval=0.1))[0].grant_id
        async with w.agent(key=made.api_key) as agent:
            equal("the agent's call", (await agent.request("GET", w.url(), grant_id=grant)).status_code, 200)
            equal("the app's call", (await app.request("GET", w.url(), grant_id=grant)).status_code, 200)
            await agent.revoke_delegation(grant)
            await agent.revoke_delegation(grant)
            async with raises(alter_sdk.AgentDelegationMissingError):
                await agent.request("GET", w.url(), grant_id=grant)
            equal("the app's call after it", (await app.request("GET", w.url(), grant_id=grant)).status_code, 200)
            await app.revoke_grant(grant)
            async with raises(alter_sdk.GrantRevokedError):
                await app.request("GET", w.url(), grant_id=grant)


@case("Agent.request", name="page: an agent's key with a user token is HTTP 400")
async def user_token(w):
    async with w.app() as app:
        user = await w.sign_in(app)
    async with w.agent(user_token_getter=lambda: user.user_token) as agent:
        async with raises(alter_sdk.BackendError, status=400):
            await agent.request("GET", w.url(), grant_id=w.grant_id)
    async with w.agent() as agent:
        async with raises(alter_sdk.BackendError, status=400):
            await agent.request("GET", w.url(), provider="github", user_token=user.user_token)


@case("App", "App.request", name="page: an App with caller and user-token getter does the job for agent code in a user's session")
async def caller(w):
    async with w.app() as app:
        user = await w.sign_in(app)

    async def getter():  # async getters count too
        return user.user_token

    async with w.app(caller="support-agent", caller_type="agent", user_token_getter=getter) as app:
        session = await app.create_connect_session(allowed_providers=["github"], requested_grant={"label": fresh("label")})
        await browse(session.connect_url)
        grant = (await app.poll_connect_session(session.session_token, timeout=20, poll_interval=0.1))[0].grant_id
        run = fresh("run")
        answer = await app.request("GET", w.url(), grant_id=grant, context={"run_id": run})
        true("no login", answer.json()["login"])
        equal("grants of the user", grant in [g.grant_id for g in (await app.list_grants(limit=1000)).grants], True)
    equal("status", w.one_row(run_id=run)["status"], 200)


@case("Agent.trace", "Agent.request", name="many traces and grants on one Agent do not mix")
async def crowd(w):
    async with w.agent() as agent:
        logins = {g: (await agent.request("GET", w.url(), grant_id=g)).json()["login"] for g in (w.grant_id, w.user_grant_id)}

        async def one(i):
            grant, run = (w.grant_id, w.user_grant_id)[i % 2], f"crowd-{i}-{fresh('run')}"
            async with agent.trace(run_id=run):
                await asyncio.sleep(0)
                answer = await agent.request("GET", w.url(), grant_id=grant)
            return run, grant, answer.json()["login"]

        done = await asyncio.gather(*[one(i) for i in range(30)])
    rows = {r["run_id"]: r for r in w.audit()}
    for run, grant, login in done:
        equal("grant of the row", rows[run]["grant_id"], grant)
        equal("login", login, logins[grant])
    true("a key is in the trail", w.agent_key not in json.dumps(list(rows.values())))
