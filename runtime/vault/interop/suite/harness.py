"""Cases, the world they run in, and the report."""

import asyncio
import contextlib
import dataclasses
import html.parser
import json
import os
import re
import subprocess
import time
import traceback
import urllib.parse
import uuid

import httpx

import alter_sdk

# Every public method and property of the client; a run compares it with the client itself.
METHODS = """
App App.agents App.keys App.scopes App.oauth_providers App.base_url App.actor_id App.last_retry_info App.last_rate_limit
App.request App.proxy_request App.with_constraints App.get_agent App.close
App.list_grants App.mint_grant App.revoke_grant App.revoke_delegation
App.connect App.create_connect_session App.poll_connect_session App.create_connect_session_for_error
App.create_auth_session App.poll_auth_session App.authenticate App.verify_user_token
Agent Agent.keys Agent.scopes Agent.oauth_providers Agent.base_url Agent.actor_id Agent.last_retry_info Agent.last_rate_limit
Agent.me Agent.trace Agent.request Agent.proxy_request Agent.with_constraints Agent.close
Agent.list_grants Agent.delegate Agent.revoke_delegation
Agent.connect Agent.create_connect_session Agent.poll_connect_session Agent.create_connect_session_for_error
agents.create agents.list agents.get agents.get_by_name agents.update agents.suspend agents.resume agents.delete
agents.mint_key agents.list_keys agents.deprecate_key agents.undeprecate_key agents.revoke_key
keys.derive keys.rotate keys.revoke scopes.list oauth_providers.list
App.resolve_identity App.assert_identity Agent.resolve_identity Agent.assert_identity
App.spans Agent.spans spans.emit App.boto3_client Agent.boto3_client
App.create_managed_secret_grant App.create_managed_secret_connect_session Agent.create_managed_secret_connect_session
App.provider_specs Agent.provider_specs provider_specs.list provider_specs.get provider_specs.list_operations provider_specs.get_operation
App.get_approval_status App.await_approval Agent.get_approval_status Agent.await_approval
""".split()

# The helpers for frameworks, which are not methods of the two classes.
HELPERS = """
fastapi.AlterFastAPI mcp.AlterMCP.tool mcp.AlterContext.request mcp.AlterContext.proxy_request mcp.AlterAuthProvider
langchain.alter_tool langchain.AlterMCPInterceptor memory.ScopedMemoryStore memory.verify_identity_assertion otel.traceparent
""".split()


@dataclasses.dataclass
class Case:
    name: str
    methods: list
    run: object
    mode: str  # "dev", "approve" (dev that completes sessions by itself), "serve" (a vault that the operator made); "-late": after the others


CASES = []


def case(*methods, name=None, mode="dev"):
    """Registers an async function; methods are those that it proves."""

    def register(f):
        CASES.append(Case(name or f.__name__.replace("_", " "), list(methods), f, mode))
        return f

    return register


class Failed(Exception):
    """An expectation that did not hold."""


def equal(what, got, want):
    if got != want:
        raise Failed(f"{what} is {got!r}, want {want!r}")


def true(what, value):
    if not value:
        raise Failed(what)


@contextlib.asynccontextmanager
async def raises(cls, *, code=None, status=None, **fields):
    """The block raises exactly this class, with this code and these attributes."""
    box = Caught()
    try:
        yield box
    except Exception as e:  # noqa: BLE001 - whatever comes is the finding
        box.error = e
    else:
        raise Failed(f"nothing was raised, want {cls.__name__}")
    e = box.error
    if type(e) is not cls:
        raise Failed(f"{type(e).__name__} ({wire_code(e)}) was raised, want {cls.__name__}: {str(e)[:160]}") from e
    if code is not None:
        equal(f"code of {cls.__name__}", wire_code(e), code)
    if status is not None:
        equal(f"status of {cls.__name__}", getattr(e, "status_code", None), status)
    for name, want in fields.items():
        equal(f"{cls.__name__}.{name}", getattr(e, name, None), want)
    if isinstance(e, alter_sdk.ApprovalError) or isinstance(e, alter_sdk.AlterSDKError) and (e.details or {}).get("error"):
        RAISED.add((wire_code(e) or "", cls.__name__))


RAISED = set()  # code and class of every refusal that a case expected and got


class Caught:
    error = None


def wire_code(e):
    details = getattr(e, "details", None) or {}
    return details.get("error") or getattr(e, "code", None)


class World:
    """A running vault and what its operator told us about it."""

    def __init__(self, command, env, daemon):
        self.command, self.daemon = command, daemon
        self.base_url = env["ALTER_BASE_URL"]
        self.app_key, self.agent_key = env["ALTER_APP_KEY"], env["ALTER_AGENT_KEY"]
        self.agent_id, self.grant_id, self.user_grant_id = env["ALTER_AGENT_ID"], env["GRANT_ID"], env["USER_GRANT_ID"]
        self.provider_url, self.vault_dir = env["PROVIDER_URL"].rstrip("/"), env["VAULT_DIR"]
        self.shelf = {}  # what an early case leaves for a late one, so that the wait is not idle

    @contextlib.contextmanager
    def at(self, base_url):
        """Clients that are made in the block ask another vault."""
        os.environ["ALTER_BASE_URL"], keep = base_url, os.environ["ALTER_BASE_URL"]
        try:
            yield
        finally:
            os.environ["ALTER_BASE_URL"] = keep

    def url(self, path="/user"):
        return self.provider_url + path

    @contextlib.asynccontextmanager
    async def app(self, key=None, **options):
        client = alter_sdk.App(api_key=key or self.app_key, **options)
        try:
            yield client
        finally:
            await client.close()

    @contextlib.asynccontextmanager
    async def agent(self, key=None, **options):
        client = alter_sdk.Agent(api_key=key or self.agent_key, **options)
        try:
            yield client
        finally:
            await client.close()

    async def new_agent(self, app, **options):
        """An agent of its own for a case; the record holds the key."""
        return await app.agents.create(name=fresh("agent"), scopes={"github": ["repo"]}, **options)

    async def own_grant(self, app, label=None):
        """A grant for a case to spoil: a sibling of the user's grant."""
        return await app.mint_grant(self.user_grant_id, label=label or fresh("label"))

    def operator(self, *arguments, stdin=None):
        """What one of the operator's commands prints, run beside the daemon."""
        done = subprocess.run([*self.command, *arguments, "--dir", self.vault_dir], input=stdin, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise Failed(f"grantvault {' '.join(arguments[:2])} ends with {done.returncode}: {done.stderr.strip()[:200]}")
        return done.stdout

    def told(self, *arguments, stdin=None):
        """The NAME=value lines of one."""
        return dict(re.findall(r"^([A-Z_]+)=(.*)$", self.operator(*arguments, stdin=stdin), re.M))

    @contextlib.contextmanager
    def rule(self, kind, body, **target):
        """A stored rule, as long as the block runs; target is grant, agent, app or provider."""
        flags = [f"--{name}={value}" for name, value in target.items()]
        name = fresh("rule")
        ident = self.told("rule", "create", name, "--kind", kind, *flags, stdin=json.dumps(body))["RULE_ID"]
        try:
            yield name
        finally:
            self.operator("rule", "remove", ident)

    def audit(self):
        return [json.loads(line) for line in self.operator("audit", "list", "--json", "--kind", "call").split("\n") if line.strip()]

    def rows(self, **want):
        return [r for r in self.audit() if all(r.get(k) == v for k, v in want.items())]

    def one_row(self, **want):
        rows = self.rows(**want)
        equal(f"number of audit rows with {want}", len(rows), 1)
        return rows[0]

    async def sign_in(self, app):
        """A user's token, through the hosted page and the provider."""
        session = await app.create_auth_session()
        await browse(session.auth_url)
        return await app.poll_auth_session(session.session_token, timeout=20, poll_interval=0.1)


async def completed(client, session):
    """What a session brings once its user has agreed to it."""
    await browse(session.connect_url)
    return (await client.poll_connect_session(session.session_token, timeout=20, poll_interval=0.1))[0]


def fresh(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


class Forms(html.parser.HTMLParser):
    """The forms of a page: method, action, fields, buttons."""

    def __init__(self):
        super().__init__()
        self.forms = []

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag == "form":
            self.forms.append({"method": a.get("method", "get"), "action": a.get("action", ""), "fields": [], "buttons": []})
        if not self.forms:
            return
        form = self.forms[-1]
        if tag == "button" or (tag == "input" and a.get("type") in ("submit", "image")):
            form["buttons"].append((a.get("name"), a.get("value", ""), a.get("formaction")))
        elif tag == "input" and a.get("name"):
            if a.get("type") in ("checkbox", "radio") and "checked" not in a:
                return
            form["fields"].append((a["name"], a.get("value", "")))


DENY = ("deny", "cancel", "decline", "reject")


async def browse(url, deny=False, steps=12, enter=()):
    """What a person with a browser does: follows redirects, enters what forms ask for,
    agrees on every page, or presses the button that refuses. Returns the text of the
    last page."""
    async with httpx.AsyncClient(follow_redirects=False, timeout=20) as client:
        request, page = client.build_request("GET", url), ""
        for _ in range(steps):
            response = await client.send(request)
            if response.is_redirect:
                request = response.next_request
                if request.url.host not in ("127.0.0.1", "localhost", "::1"):
                    return str(request.url)
                continue
            page = response.text
            if response.status_code >= 400:
                raise Failed(f"the page {response.url.path} answers {response.status_code}: {page[:200]}")
            forms = Forms()
            forms.feed(page)
            chosen = choose(forms.forms, deny)
            if chosen is None:
                return page
            method, action, fields = chosen
            fields = [(name, dict(enter).get(name, value)) for name, value in fields]
            target = urllib.parse.urljoin(str(response.url), action or str(response.url))
            if method.lower() == "post":
                request = client.build_request("POST", target, data=dict(fields), headers={"Origin": origin(target)})
            else:
                request = client.build_request("GET", target, params=fields)
    raise Failed("the pages do not end")


def origin(url):
    u = urllib.parse.urlsplit(url)
    return f"{u.scheme}://{u.netloc}"


def choose(forms, deny):
    """The form to send, with the button to press: the first that refuses, or does not."""
    for form in forms:
        hidden = " ".join(value for name, value in form["fields"] if name not in ("csrf",))
        for name, value, action in form["buttons"] or [(None, "", None)]:
            words = f"{name} {value} {action or form['action']} {hidden}".lower()
            if any(w in words for w in DENY) == deny:
                fields = list(form["fields"]) + ([(name, value)] if name else [])
                return form["method"], action or form["action"], fields
    return None


async def run_case(c, world):
    start = time.monotonic()
    try:
        await asyncio.wait_for(c.run(world), timeout=120)
        problem = ""
    except Failed as e:
        problem = str(e)
    except Exception as e:  # noqa: BLE001 - a crash is a finding like another
        where = traceback.extract_tb(e.__traceback__)
        line = next((f"{os.path.basename(f.filename)}:{f.lineno}" for f in reversed(where) if "suite" in f.filename), "")
        problem = f"{type(e).__name__} ({wire_code(e)}) at {line}: {str(e)[:240]}"
    return {"case": c.name, "methods": c.methods, "problem": problem, "seconds": round(time.monotonic() - start, 2)}
