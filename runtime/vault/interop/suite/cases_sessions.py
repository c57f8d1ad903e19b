"""Connect and sign-in sessions, with a browser that is a few lines of httpx."""

import asyncio
import contextlib
import io

import httpx

import alter_sdk

from harness import browse, case, equal, fresh, raises, true


@contextlib.contextmanager
def opened_by(visit):
    """Replaces the browser of this machine: the client opens a URL, visit goes there."""
    import webbrowser

    seen, keep = [], webbrowser.open

    def fake(url, *_, **__):
        seen.append(url)
        asyncio.get_running_loop().create_task(visit(url))
        return True

    webbrowser.open = fake
    try:
        yield seen
    finally:
        webbrowser.open = keep


@case("App.create_connect_session", "Agent.create_connect_session", "App.poll_connect_session", "Agent.poll_connect_session")
async def connect_in_two_steps(w):
    async with w.app() as app, w.agent() as agent:
        for client in (app, agent):
            session = await client.create_connect_session(
                allowed_providers=["github"], return_url=None, metadata={"user_agent": "suite"}, requested_grant={"label": fresh("label")})
            true("expires_in is not positive", session.expires_in > 0)
            async with raises(alter_sdk.ConnectTimeoutError) as caught:
                await client.poll_connect_session(session.session_token, timeout=0.3, poll_interval=0.1)
            equal("reason", caught.error.details["reason"], "poll_deadline_elapsed")
            await browse(session.connect_url)
            results = await client.poll_connect_session(session.session_token, timeout=20, poll_interval=0.1)
            equal("results", len(results), 1)
            equal("provider_id", results[0].provider_id, "github")
            equal("operation", results[0].operation, "creation")
            equal("failed_grants", results[0].failed_grants, [])
            response = await client.request("GET", w.url(), grant_id=results[0].grant_id)
            equal("status", response.status_code, 200)
            true("no login", response.json()["login"])


@case("App.connect", "Agent.connect")
async def connect_headless(w):
    async with w.app() as app, w.agent() as agent:
        for client in (app, agent):
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                task = asyncio.create_task(client.connect(providers=["github"], open_browser=False, timeout=30, poll_interval=0.1))
                while w.base_url not in out.getvalue() and not task.done():
                    await asyncio.sleep(0.05)
            if task.done():
                await task
            url = next(word for word in out.getvalue().split() if word.startswith("http"))
            await browse(url)
            results = await task
            equal("status", (await client.request("GET", w.url(), grant_id=results[0].grant_id)).status_code, 200)


@case("App.connect", "Agent.connect")
async def connect_with_a_browser(w):
    async with w.agent() as agent:
        with opened_by(browse) as seen:
            results = await agent.connect(providers=["github"], timeout=30, poll_interval=0.1, grant_policy={"max_ttl_seconds": 3600})
        equal("URLs opened", len(seen), 1)
        equal("results", len(results), 1)


@case("App.poll_connect_session", "App.create_connect_session")
async def connect_refused_by_the_user(w):
    async with w.app() as app:
        session = await app.create_connect_session(allowed_providers=["github"])
        await browse(session.connect_url, deny=True)
        async with raises(alter_sdk.ConnectDeniedError):
            await app.poll_connect_session(session.session_token, timeout=10, poll_interval=0.1)


@case("App.poll_connect_session", "Agent.poll_connect_session", "App.create_connect_session")
async def connect_faults(w):
    async with w.app() as app, w.agent() as agent:
        async with raises(alter_sdk.GrantNotFoundError, status=404):
            await app.poll_connect_session("cs_nobody", timeout=1, poll_interval=0.1)
        session = await app.create_connect_session(allowed_providers=["github"])
        async with raises(alter_sdk.GrantNotFoundError, status=404):  # another principal's session
            await agent.poll_connect_session(session.session_token, timeout=1, poll_interval=0.1)
        async with raises(alter_sdk.ReAuthRequiredError, status=401):
            await app.create_connect_session(allowed_providers=["github"], user_token="no-token-at-all")
        async with raises(alter_sdk.AgentNotFoundError, status=404):
            await app.create_connect_session(allowed_providers=["github"], agent="no-such-agent")
        async with raises(alter_sdk.AlterValueError):
            await app.create_connect_session(allowed_providers=[])
        async with raises(alter_sdk.AlterValueError):
            await app.create_connect_session(allowed_providers=["github", "slack"], direct=True)


@case("App.create_connect_session", "App.poll_connect_session", "App.list_grants", "Agent.request")
async def connect_for_a_user_and_an_agent(w):
    async with w.app() as app:
        user = await w.sign_in(app)
        other = await w.new_agent(app)
        session = await app.create_connect_session(
            allowed_providers=["github"], user_token=user.user_token, agent=str(other.id), delegable=True, direct=True)
        await browse(session.connect_url)
        result = (await app.poll_connect_session(session.session_token, timeout=20, poll_interval=0.1))[0]
        equal("delegation.agent_id", str(result.delegation.agent_id), str(other.id))
        mine = await app.list_grants(end_user_token=user.user_token, limit=1000)
        true("the user does not list the grant", result.grant_id in [g.grant_id for g in mine.grants])
        async with w.agent(key=other.api_key) as agent:
            equal("status", (await agent.request("GET", w.url(), grant_id=result.grant_id)).status_code, 200)


@case("App.create_connect_session_for_error", "Agent.create_connect_session_for_error", "App.poll_connect_session")
async def connect_after_an_error(w):
    async with w.app() as app:
        other = await w.new_agent(app)
        async with w.agent(key=other.api_key) as agent:
            async with raises(alter_sdk.NoDelegatedGrantError) as caught:
                await agent.request("GET", w.url(), provider="github")
            error = caught.error
            equal("provider_id", error.provider_id, "github")
            equal("agent_id", str(error.agent_id), str(other.id))
            session = await agent.create_connect_session_for_error(error)
            await browse(session.connect_url)
            await agent.poll_connect_session(session.session_token, timeout=20, poll_interval=0.1)
            equal("status", (await agent.request("GET", w.url(), provider="github")).status_code, 200)
        user = await w.sign_in(app)
        session = await app.create_connect_session_for_error(error, user_token=user.user_token)
        true("no URL", session.connect_url)
        async with raises(alter_sdk.AlterValueError):
            await app.create_connect_session_for_error(alter_sdk.GrantNotFoundError("no provider known"))


@case("App.create_auth_session", "App.poll_auth_session", "App.verify_user_token")
async def sign_in_in_two_steps(w):
    async with w.app() as app:
        session = await app.create_auth_session()
        true("expires_in is not positive", session.expires_in > 0)
        async with raises(alter_sdk.ConnectTimeoutError):
            await app.poll_auth_session(session.session_token, timeout=0.5, poll_interval=0.1)
        waiting = asyncio.create_task(app.poll_auth_session(session.session_token, timeout=20, poll_interval=0.1))
        await asyncio.sleep(0.2)  # the poll is held by the vault now
        await browse(session.auth_url)
        result = await waiting
        sub = await app.verify_user_token(result.user_token)
        true("no subject", sub)
        equal("user_info.sub", result.user_info.get("sub"), sub)
        for bad in ("", "no-token", result.user_token[:-2] + "xx"):
            equal("a token that is none", await app.verify_user_token(bad), None)
        async with raises(alter_sdk.GrantNotFoundError, status=404):
            await app.poll_auth_session("as_nobody", timeout=1, poll_interval=0.1)


@case("App.authenticate", "App.list_grants")
async def authenticate_replaces_the_getter(w):
    async with w.app() as app:
        before = await app.list_grants(limit=1000)
        with opened_by(browse) as seen:
            result = await app.authenticate(timeout=30)
        equal("URLs opened", len(seen), 1)
        true("no token", result.user_token)
        after = await app.list_grants(limit=1000)  # the user's, from now on
        true("the list did not narrow", after.total < before.total)


@case("App.create_connect_session", "App.poll_connect_session", "Agent.connect", mode="approve")
async def approved_by_a_plain_get(w):
    async with w.app() as app, w.agent() as agent:
        for client in (app, agent):
            session = await client.create_connect_session(allowed_providers=["github"])
            async with httpx.AsyncClient(follow_redirects=False) as browser:
                answer = await browser.get(session.connect_url)
            true(f"the page answers {answer.status_code}", answer.status_code < 400)
            result = (await client.poll_connect_session(session.session_token, timeout=20, poll_interval=0.1))[0]
            equal("status", (await client.request("GET", w.url(), grant_id=result.grant_id)).status_code, 200)


@case("App.create_auth_session", "App.poll_auth_session", mode="approve")
async def sign_in_stays_pending(w):
    async with w.app() as app:
        session = await app.create_auth_session()
        async with httpx.AsyncClient(follow_redirects=False) as browser:
            await browser.get(session.auth_url)
        async with raises(alter_sdk.ConnectTimeoutError):
            await app.poll_auth_session(session.session_token, timeout=0.5, poll_interval=0.1)
