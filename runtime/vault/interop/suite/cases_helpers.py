"""The client's helpers for frameworks: FastAPI, MCP, LangChain, memory, OpenTelemetry."""

import asyncio
import contextlib
import json
import re
import secrets
import socket
import urllib.parse

import fastapi
import fastmcp
import httpx
import jwt
import uvicorn
from langchain_core.messages import AIMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.store.memory import InMemoryStore
from opentelemetry import trace as otel
from opentelemetry.sdk.trace import TracerProvider

import alter_sdk
from alter_sdk.fastapi import AlterFastAPI
from alter_sdk.langchain import AlterMCPInterceptor, alter_tool
from alter_sdk.mcp import AlterAuthProvider, AlterContext, AlterMCP

from harness import Failed, browse, case, completed, equal, fresh, raises, true


@contextlib.asynccontextmanager
async def site(app, address=None):
    """An ASGI application on loopback."""
    listener = address or socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


async def user_of(w, app, login):
    """A user's token and ID; the stand-in knows whoever signs in."""
    session = await app.create_auth_session()
    await browse(session.auth_url, enter={"login": login})
    token = (await app.poll_auth_session(session.session_token, timeout=20, poll_interval=0.1)).user_token
    return token, (await app.resolve_identity(user_token=token)).app_user_id


async def grant_of(app, token, **options):
    return (await completed(app, await app.create_connect_session(allowed_providers=["github"], user_token=token, **options))).grant_id


@case("fastapi.AlterFastAPI", name="fastapi: each request acts for the user of its bearer token")
async def fastapi_users(w):
    alter = AlterFastAPI(api_key=w.app_key, kind="app", caller="web")
    true("vault, app", alter.vault is alter.app)
    async with raises(alter_sdk.AlterSDKError):
        _ = alter.agent
    web = fastapi.FastAPI()

    @web.get("/login")
    async def login(vault=fastapi.Depends(alter)):
        await asyncio.sleep(0.05)  # so that the requests of two users overlap
        try:
            who = await vault.resolve_identity()
            seen = (await vault.request("GET", w.url(), provider="github", context={"run_id": "fastapi"})).json()["login"]
            grants = [g.grant_id for g in (await vault.list_grants()).grants]
            return {"user": who.app_user_id, "login": seen, "grants": grants}
        except alter_sdk.ReAuthRequiredError as e:
            raise fastapi.HTTPException(401) from e

    @web.get("/maybe")
    async def maybe(vault=fastapi.Depends(alter.optional)):
        try:
            return {"total": (await vault.list_grants()).total}
        except alter_sdk.AlterSDKError as e:
            return {"error": type(e).__name__}

    async with w.app() as app:
        users = {}
        for name in (fresh("fast"), fresh("api")):
            token, user = await user_of(w, app, name)
            users[token] = (user, await grant_of(app, token))
    async with site(web) as address, httpx.AsyncClient(base_url=address, timeout=30) as browser:
        async def ask(token):
            return await browser.get("/login", headers={"Authorization": f"Bearer {token}"})

        for token, answer in zip(list(users) * 4, await asyncio.gather(*(ask(t) for t in list(users) * 4))):
            equal("status", answer.status_code, 200)
            equal("whose", (answer.json()["user"], answer.json()["grants"]), (users[token][0], [users[token][1]]))
        equal("logins", len({(await ask(t)).json()["login"] for t in users}), 2)
        equal("a token that is none", (await ask("forged")).status_code, 401)
        true("no token", (await browser.get("/login")).status_code in (401, 403))
        token = next(iter(users))
        equal("optional, with one", (await browser.get("/maybe", headers={"Authorization": f"Bearer {token}"})).json(), {"total": 1})
        # Its getter answers "" then, which this client takes for a fault of the getter.
        equal("optional, without one", (await browser.get("/maybe")).json(), {"error": "AlterSDKError"})
    await alter.vault.close()
    equal("callers of the rows", {r["caller"] for r in w.rows(run_id="fastapi")}, {"web"})


@case("fastapi.AlterFastAPI", name="fastapi: which keys it takes")
async def fastapi_keys(w):
    for arguments in ({"api_key": w.agent_key}, {"api_key": w.app_key, "kind": "user"}, {"api_key": ""}, {"api_key": w.app_key, "kind": "app", "user_token_getter": str},
                      {"api_key": w.agent_key, "kind": "agent", "caller_type": "agent"}):
        async with raises(alter_sdk.AlterSDKError):
            AlterFastAPI(**arguments)
    agent = AlterFastAPI(api_key=w.agent_key, kind="agent")
    agent.set_user_token("a-user-token")
    equal("me", str((await agent.agent.me()).id), w.agent_id)
    async with raises(alter_sdk.BackendError, code="agent_user_token_conflict", status=400):
        await agent.vault.request("GET", w.url(), grant_id=w.grant_id)
    await agent.vault.close()


@case("mcp.AlterMCP.tool", "mcp.AlterContext.request", "mcp.AlterContext.proxy_request", name="mcp: tools call with their provider and label, and rows name the tool")
async def mcp_tools(w):
    async with w.app() as app:
        label, run = fresh("label"), fresh("run")
        minted = await app.mint_grant(w.user_grant_id, label=label)
        alter, server = AlterMCP(app), fastmcp.FastMCP("interop")

        @server.tool
        @alter.tool("github", label=label)
        async def who(ctx: AlterContext, suffix: str) -> str:
            equal("context", (ctx.provider, ctx.label), ("github", label))
            direct = (await ctx.request("GET", w.url(), reason=run)).json()["login"]
            proxied = await ctx.proxy_request("GET", w.url(), reason=run)
            ambient = await app.request("GET", w.url(), grant_id=minted.grant_id, reason=run)
            equal("statuses", (proxied.status_code, ambient.status_code), (200, 200))
            return direct + suffix

        @server.tool
        @alter.tool("github", label=label)
        async def outer(ctx: AlterContext) -> str:
            return await who(suffix="?")

        async with fastmcp.Client(server) as client:
            tools = {t.name: t for t in await client.list_tools()}
            equal("arguments", list(tools["who"].inputSchema["properties"]), ["suffix"])
            equal("result", (await client.call_tool("who", {"suffix": "!"})).data, "octo-user!")
            equal("nested", (await client.call_tool("outer", {})).data, "octo-user?")
    rows = w.rows(reason=run)
    equal("tools", [r["tool"] for r in rows], ["who"] * 6)
    equal("parents", [(r.get("metadata") or {}).get("parent_tool") for r in rows], [None] * 3 + ["outer"] * 3)
    equal("grants", {r["grant_id"] for r in rows}, {minted.grant_id})


@case("mcp.AlterMCP.tool", name="mcp: a tool of an agent, and what it answers without a grant")
async def mcp_agent(w):
    async with w.app() as app:
        made = await app.agents.create(name=fresh("agent"), scopes={"github": ["repo"]})
        agent, run = app.get_agent(str(made.id)), fresh("run")
        alter, server = AlterMCP(app), fastmcp.FastMCP("interop")

        @server.tool
        @alter.tool("github", agent=agent)
        async def own(ctx: AlterContext, grant: str) -> dict:
            if not grant:
                return (await ctx.request("GET", w.url(), reason=run)).json()
            return (await agent.request("GET", w.url(), grant_id=grant, reason=run)).json()

        @server.tool
        @alter.tool("github", label=fresh("label"))
        async def labelled(ctx: AlterContext) -> dict:
            return (await ctx.request("GET", w.url(), reason=run)).json()

        async with fastmcp.Client(server) as client:
            # The client has no fallback for an agent without a delegation.
            with contextlib.suppress(fastmcp.exceptions.ToolError):
                await client.call_tool("own", {"grant": ""})
                raise Failed("the tool of an agent without a grant did not fail")
            # A grant that does not exist: the tool asks for a session that is to be delegated to the agent. The vault
            # wants a user for that, whom this App has none of, so the client says to come back later.
            answer = (await client.call_tool("own", {"grant": "44444444-4444-4444-8444-444444444444"})).data
            equal("answer", (answer["error"], "connect_url" in answer), ("authorization_required", False))
            answer = (await client.call_tool("labelled", {})).data
            equal("answer", answer["error"], "authorization_required")
            await browse(answer["connect_url"])
            equal("after the user has connected", (await client.call_tool("labelled", {})).data["login"][:5], "octo-")
        await agent.close()
    agents = [(r["agent_id"], r["tool"]) for r in w.rows(reason=run)]
    true(f"rows {agents}", (str(made.id), "own") in agents and agents[-1] == ("", "labelled"))


@case("mcp.AlterMCP.tool", "langchain.alter_tool", mode="serve", name="mcp, langchain: a provider that wants more scopes, and several grants that fit")
async def sentences(w):
    async with w.agent() as agent:
        server = fastmcp.FastMCP("interop")

        @server.tool
        @AlterMCP(agent).tool("github")
        async def narrow(ctx: AlterContext) -> dict:
            await agent.request("GET", w.url("/narrow"), grant_id=w.grant_id)
            return {}

        async with fastmcp.Client(server) as client:
            equal("mcp", (await client.call_tool("narrow", {})).structured_content, {"error": "scope_reauth_required", "message":
                  "Additional permissions needed for github. Please re-authorize with the required scopes."})

        @alter_tool(agent, provider="github")
        async def wanting() -> str:
            """Wants more."""
            await agent.request("GET", w.url("/narrow"), grant_id=w.grant_id)

        @alter_tool(agent, provider="github")
        async def several() -> str:
            """Fits several."""
            await agent.request("GET", w.url("/x"), provider="github")

        true("scopes", "Additional permissions needed for github" in await wanting.ainvoke({}))
        true("several", "ultiple" in await several.ainvoke({}))


@contextlib.asynccontextmanager
async def mcp_site(w, app):
    """An MCP server that signs users in through the vault, and one tool that tells who calls."""
    listener = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    alter = AlterFastAPI(api_key=w.app_key, kind="app")
    auth = alter.auth_provider(base_url=base, providers={"github": ["repo"]})
    true("provider", isinstance(auth, AlterAuthProvider))
    server = fastmcp.FastMCP("interop", auth=auth)

    @server.tool
    async def whoami() -> dict:
        return {"user": (await alter.app.resolve_identity()).app_user_id, "grants": (await alter.app.list_grants()).total}

    async with site(server.http_app(), listener):
        yield base, auth, alter
    await alter.vault.close()


async def oauth_client(http, base):
    """Registers a client of the MCP server, as its metadata says."""
    about = (await http.get(base + "/.well-known/oauth-authorization-server")).json()
    made = (await http.post(about["registration_endpoint"], json={"redirect_uris": ["http://127.0.0.1:1/back"], "client_name": "interop",
                                                                  "token_endpoint_auth_method": "client_secret_post"})).json()
    return about, {"client_id": made["client_id"], "client_secret": made["client_secret"]}


@case("mcp.AlterAuthProvider", "fastapi.AlterFastAPI", name="mcp: the server's users sign in through the vault")
async def mcp_auth(w):
    async with w.app() as app, mcp_site(w, app) as (base, auth, alter), httpx.AsyncClient(timeout=30) as http:
        about, who = await oauth_client(http, base)
        verifier = secrets.token_urlsafe(48)
        import base64, hashlib  # noqa: E401
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        login = fresh("mcp")
        answer = await http.get(about["authorization_endpoint"], params={
            "response_type": "code", "client_id": who["client_id"], "redirect_uri": "http://127.0.0.1:1/back", "state": "s", "code_challenge": challenge, "code_challenge_method": "S256"})
        equal("authorize", answer.status_code, 302)
        bridge = answer.headers["location"]
        page = (await http.get(bridge)).text
        auth_url = json.loads(re.search(r"var authUrl = (.*);", page)[1])
        true("sign-in page " + auth_url, auth_url.startswith(w.base_url + "/signin/"))
        poll = bridge.replace("/auth-bridge?", "/auth-bridge/poll?")
        equal("before", (await http.get(poll)).json(), {"status": "pending"})
        await browse(auth_url, enter={"login": login})
        done = (await http.get(poll)).json()
        equal("after", done["status"], "completed")
        exchange = {"grant_type": "authorization_code", "code": done["code"], "redirect_uri": "http://127.0.0.1:1/back", "code_verifier": verifier, **who}
        tokens = (await http.post(about["token_endpoint"], data=exchange)).json()
        true("a code was taken twice", (await http.post(about["token_endpoint"], data=exchange)).is_client_error)
        _, user = await user_of(w, app, login)
        for _ in range(2):
            async with fastmcp.Client(base + "/mcp", auth=tokens["access_token"]) as client:
                equal("who calls", (await client.call_tool("whoami", {})).data, {"user": user, "grants": 0})
            tokens = await refreshed(http, about, who, tokens)
        refused = await http.post(base + "/mcp", headers={"Authorization": "Bearer forged", "Accept": "application/json, text/event-stream"}, json={})
        equal("a forged token", refused.status_code, 401)
        alter.set_user_token((await user_of(w, app, login))[0])
        true("no connect URL", (await auth.create_auth_url()).startswith(w.base_url + "/connect/"))


async def refreshed(http, about, who, tokens):
    return (await http.post(about["token_endpoint"], data={"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], **who})).json()


@case("mcp.AlterAuthProvider", name="mcp: a sign-in that the user refuses")
async def mcp_denied(w):
    async with w.app() as app, mcp_site(w, app) as (base, _, _), httpx.AsyncClient(timeout=30) as http:
        about, who = await oauth_client(http, base)
        answer = await http.get(about["authorization_endpoint"], params={
            "response_type": "code", "client_id": who["client_id"], "redirect_uri": "http://127.0.0.1:1/back", "code_challenge": "c" * 43, "code_challenge_method": "S256"})
        bridge = answer.headers["location"]
        await browse(json.loads(re.search(r"var authUrl = (.*);", (await http.get(bridge)).text)[1]), deny=True)
        done = (await http.get(bridge.replace("/auth-bridge?", "/auth-bridge/poll?"))).json()
        equal("status", done["status"], "error")
        true("no reason", done["error_message"])
        gone = await http.get(base + "/auth-bridge", params={"pending": urllib.parse.parse_qs(urllib.parse.urlsplit(bridge).query)["pending"][0]})
        equal("the page afterwards", gone.status_code, 400)


@case("langchain.alter_tool", "Agent.trace", name="langchain: a tool in a graph, and rows that name tool, run and thread")
async def langchain_tool(w):
    async with w.agent() as agent, w.app() as app:
        run, thread = fresh("run"), fresh("thread")

        @alter_tool(agent, provider="github", label="work")
        async def github_login(suffix: str) -> str:
            """The login at GitHub."""
            direct = (await agent.request("GET", w.url(), grant_id=w.grant_id)).json()["login"]
            equal("proxied", (await agent.proxy_request("GET", w.url(), grant_id=w.grant_id)).status_code, 200)
            return direct + suffix

        equal("schema", list(github_login.args), ["suffix"])
        equal("label", github_login.metadata["alter_label"], "work")
        config = {"metadata": {"run_id": run}, "configurable": {"thread_id": thread}}
        equal("result", await github_login.ainvoke({"suffix": "!"}, config=config), "octo-agent!")
        rows = w.rows(run_id=run)
        equal("rows", [(r["tool"], r["thread_id"], r["metadata"]["framework"]) for r in rows], [("github_login", thread, "langchain")] * 2)

        builder = StateGraph(MessagesState)
        builder.add_node("tools", ToolNode([github_login]))
        builder.add_edge(START, "tools")
        builder.add_edge("tools", END)
        asked = AIMessage(content="", tool_calls=[{"name": "github_login", "args": {"suffix": "?"}, "id": "1", "type": "tool_call"}])
        graph_thread = fresh("thread")
        async with agent.trace(run_id=run, thread_id=graph_thread):
            state = await builder.compile().ainvoke({"messages": [asked]}, config={"configurable": {"thread_id": graph_thread}})
        equal("the graph's last message", state["messages"][-1].content, "octo-agent?")
        rows = w.rows(thread_id=graph_thread)
        equal("rows", [(r["tool"], r["agent_id"]) for r in rows], [("github_login", w.agent_id)] * 2)

        for wrong in (lambda: alter_tool(app, provider="github")(lambda: None), lambda: alter_tool(app, provider="github")(takes_config)):
            with contextlib.suppress(TypeError):
                wrong()
                raise Failed("a function that is no tool was taken")


async def takes_config(config):
    """Is refused: the name is LangChain's."""


@case("langchain.alter_tool", name="langchain: without a grant the tool answers with the place to connect")
async def langchain_connect(w):
    async with w.app() as app, w.agent() as agent:
        label = fresh("label")

        @alter_tool(app, provider="github", label=label)
        async def login() -> str:
            """The login."""
            return (await app.request("GET", w.url(), provider="github", label=label)).json()["login"]

        said = await login.ainvoke({})
        url = re.search(r"https?://\S+", said)
        true(said, url and url[0].startswith(w.base_url + "/connect/"))
        await browse(url[0])
        equal("after the user has connected", (await login.ainvoke({}))[:5], "octo-")

        @alter_tool(agent, provider="github")
        async def elsewhere() -> str:
            """Of a provider that nobody delegated."""
            return (await agent.request("GET", w.url(), provider="no-such-provider")).text

        said = await elsewhere.ainvoke({})
        true(said, re.search(r"https?://\S+/connect/", said))


@case("langchain.AlterMCPInterceptor", name="langchain: the interceptor sends a token to no loopback address")
async def interceptor(w):
    """It talks to no vault; what it guards is that the token goes to public https addresses only."""
    for url in ("http://mcp.example.com/mcp", "https://user@mcp.example.com/mcp", "https://mcp.example.com/mcp#x"):
        async with raises(alter_sdk.AlterValueError):
            connection = AlterMCPInterceptor({"s": {"transport": "streamable_http", "url": url}})
            await connection._validate_destination(type("R", (), {"server_name": "s"})())  # noqa: SLF001 - it has no other entry
    guarded = AlterMCPInterceptor({"s": {"transport": "streamable_http", "url": "https://127.0.0.1/mcp"}})
    async with raises(alter_sdk.AlterValueError):
        await guarded._validate_destination(type("R", (), {"server_name": "s"})())  # noqa: SLF001


@case("memory.ScopedMemoryStore", "memory.verify_identity_assertion", name="memory: a store that holds one user's and one agent's memory")
async def memory(w):
    audience, store = "https://memory.example.com", InMemoryStore()
    async with w.app() as app, w.agent() as agent, httpx.AsyncClient() as plain:
        jwks = (await plain.get(w.base_url + "/.well-known/alter-identity-jwks.json")).json()
        token, user = await user_of(w, app, "octo-user")  # who delegated to the agent
        async def live():
            return await agent.resolve_identity(app_user_id=user)

        scoped = alter_sdk.ScopedMemoryStore(store, await live(), refresh_identity=live)
        await scoped.put(("facts",), "colour", {"is": "green"})
        equal("read", (await scoped.get(("facts",), "colour")).value, {"is": "green"})
        equal("found", [i.key for i in await scoped.search(("facts",))], ["colour"])
        equal("user", scoped.scope.user_key, f"alter:user:{user}")
        own = alter_sdk.ScopedMemoryStore(store, await agent.resolve_identity(), agent_only=True, refresh_identity=agent.resolve_identity)
        equal("the agent's own part", await own.get(("facts",), "colour"), None)
        signed = await agent.assert_identity(audience=audience, app_user_id=user, ttl_seconds=60)
        verified = alter_sdk.verify_identity_assertion(signed.token, issuer=w.base_url, audience=audience, jwks=jwks, expected_app_id=(await live()).app_id,
                                                       expected_agent_id=w.agent_id)
        other = alter_sdk.ScopedMemoryStore(store, verified)
        equal("by the assertion", (await other.get(("facts",), "colour")).value, {"is": "green"})
        await other.delete(("facts",), "colour")
        equal("gone", await scoped.get(("facts",), "colour"), None)
        async with raises(alter_sdk.MemoryIsolationError):
            alter_sdk.ScopedMemoryStore(store, await app.resolve_identity(user_token=token))  # names no agent
        for name, changed in (("audience", dict(audience="https://other.example.com")), ("app", dict(expected_app_id=w.agent_id)), ("issuer", dict(issuer="https://x.example")),
                              ("agent", dict(expected_agent_id=w.grant_id))):
            async with raises(alter_sdk.MemoryIsolationError):
                alter_sdk.verify_identity_assertion(signed.token, **({"issuer": w.base_url, "audience": audience, "jwks": jwks, "expected_app_id": verified.app_id} | changed))
                raise Failed(f"an assertion for another {name} was taken")


@case("App.assert_identity", "Agent.assert_identity", "Agent.resolve_identity", "App.resolve_identity", name="identity: profile, lifetime, and a JOSE library that verifies the assertion")
async def jose(w):
    audience = "urn:example:memory"
    async with w.app() as app, w.agent() as agent, httpx.AsyncClient() as plain:
        jwks = (await plain.get(w.base_url + "/.well-known/alter-identity-jwks.json")).json()
        token, user = await user_of(w, app, "octo-user")
        profile = await app.resolve_identity(user_token=token, include_profile=True)
        equal("profile", profile.display_name, "octo-user")
        equal("without", (await app.resolve_identity(user_token=token)).display_name, None)
        equal("by an agent", (await agent.resolve_identity(app_user_id=user, include_profile=True)).display_name, "octo-user")
        async with agent.trace(run_id="r1", thread_id="t1"):
            equal("trace", (await agent.resolve_identity()).trace.run_id, "r1")
        for ttl, lasts in ((None, 120), (10, 10), (300, 300)):
            got = await agent.assert_identity(audience=audience, app_user_id=user, **({"ttl_seconds": ttl} if ttl else {}))
            key = next(k for k in jwks["keys"] if k["kid"] == jwt.get_unverified_header(got.token)["kid"])
            claims = jwt.decode(got.token, jwt.PyJWK(key).key, algorithms=["ES256"], audience=audience, issuer=w.base_url)
            equal("lifetime", claims["exp"] - claims["iat"], lasts)
            equal("claims", (claims["sub"], claims["act"]["sub"], claims["azp"]), (f"alter:user:{user}", f"alter:agent:{w.agent_id}", profile.app_id))
        for ttl in (9, 301):
            async with raises(alter_sdk.AlterValueError):
                await app.assert_identity(audience=audience, ttl_seconds=ttl)
        stranger, _ = await user_of(w, app, fresh("stranger"))
        other = (await app.resolve_identity(user_token=stranger)).app_user_id
        async with raises(alter_sdk.GrantNotFoundError, code="identity_not_found", status=404):
            await agent.resolve_identity(app_user_id=other)


@case("otel.traceparent", "Agent.request", "Agent.proxy_request", "spans.emit", name="otel: calls carry the span that is open")
async def open_telemetry(w):
    tracer = TracerProvider().get_tracer("interop")
    async with w.agent() as agent:
        run = fresh("run")
        with tracer.start_as_current_span("work") as span:
            context = span.get_span_context()
            await agent.request("GET", w.url(), grant_id=w.grant_id, context={"run_id": run})
            await agent.proxy_request("GET", w.url(), grant_id=w.grant_id, context={"run_id": run})
            sent = alter_sdk.UserSpan(trace_id=f"{context.trace_id:032x}", span_id=f"{context.span_id:016x}", name="work", start_time="2026-01-01T00:00:00Z")
            equal("accepted", (await agent.spans.emit([sent])).accepted, 1)
        true("no current span", not otel.get_current_span().get_span_context().is_valid)
        want = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
        equal("traceparents", [r["traceparent"] for r in w.rows(run_id=run)], [want, want])
