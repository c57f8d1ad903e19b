"""Requests that no client makes by itself: signed by hand, then spoilt."""

import hashlib
import hmac
import json
import secrets
import time
import uuid

import httpx

from harness import case, equal, fresh, true


def signed(w, method, path, body=b"", *, key=None, at=None, nonce=None, caller=None, context=None):
    """The headers of a request, made from the text of the protocol."""
    key = key or w.agent_key
    at = str(int(at if at is not None else time.time()))
    nonce = nonce or secrets.token_hex(16)
    digest = hashlib.sha256(body).hexdigest()
    text = "\n".join([method, path, at, nonce, digest, ""])
    headers = {"x-api-key": key, "X-Alter-Timestamp": at, "X-Alter-Nonce": nonce, "X-Alter-Content-SHA256": digest}
    if body:
        headers["Content-Type"] = "application/json"
    actor = ""
    if caller:
        headers["X-Alter-Caller"], headers["X-Alter-Caller-Type"] = caller, "agent"
        actor += f"\ncaller:{caller}\ncaller-type:agent"
    if context:
        headers["X-Alter-Context"] = context
        actor += f"\nactor-context:{context}"
    secret = hmac.new(key.encode(), b"alter-signing-v1", hashlib.sha256).digest()
    headers["X-Alter-Signature"] = hmac.new(secret, (text + actor).encode(), hashlib.sha256).hexdigest()
    if actor:
        headers["X-Alter-Signature-V2"] = headers["X-Alter-Signature"]
    return headers


async def send(w, method, path, headers, body=b""):
    async with httpx.AsyncClient(base_url=w.base_url, timeout=20) as client:
        return await client.request(method, path, headers=headers, content=body)


def refused(what, response, status, code=None):
    equal(f"status of {what}", response.status_code, status)
    body = response.json()
    body = body["detail"] if isinstance(body.get("detail"), dict) else body
    true(f"{what}: no code in the answer", isinstance(body.get("error"), str) and body["error"])
    if code:
        equal(f"code of {what}", body["error"], code)
    return body["error"]


@case("Agent.me", name="raw: a request signed from the text of the protocol")
async def good(w):
    response = await send(w, "GET", "/sdk/agents/me", signed(w, "GET", "/sdk/agents/me"))
    equal("status", response.status_code, 200)
    equal("id", response.json()["id"], w.agent_id)
    headers = signed(w, "GET", "/sdk/agents/me", caller="x", context='{"run_id":"r"}')
    equal("status with actor lines", (await send(w, "GET", "/sdk/agents/me", headers)).status_code, 200)


@case("Agent.request", name="raw: signature, nonce and clock failures are 401")
async def signatures(w):
    path, body = "/sdk/token", json.dumps({"grant_id": w.grant_id, "reason": None, "request": {"method": "GET", "url": w.url()}}).encode()
    ok = signed(w, "POST", path, body)
    equal("status", (await send(w, "POST", path, ok, body)).status_code, 200)
    refused("a replayed nonce", await send(w, "POST", path, ok, body), 401)
    for skew in (-3600, 3600):
        refused(f"a clock {skew} s off", await send(w, "POST", path, signed(w, "POST", path, body, at=time.time() + skew), body), 401)
    refused("a changed body", await send(w, "POST", path, signed(w, "POST", path, body), body.replace(b"GET", b"PUT")), 401)
    for name in ("X-Alter-Signature", "X-Alter-Nonce", "X-Alter-Timestamp", "X-Alter-Content-SHA256"):
        headers = signed(w, "POST", path, body)
        del headers[name]
        refused(f"no {name}", await send(w, "POST", path, headers, body), 401)
        headers = signed(w, "POST", path, body)
        headers[name] = "0" * 10
        refused(f"a wrong {name}", await send(w, "POST", path, headers, body), 401)
    headers = signed(w, "POST", path, body)
    headers["X-Alter-Caller"] = "somebody"
    refused("a caller that is not signed", await send(w, "POST", path, headers, body), 401)
    headers = signed(w, "POST", path, body)
    headers["X-Alter-Signature-V2"] = headers["X-Alter-Signature"]
    refused("a V2 signature without actor lines", await send(w, "POST", path, headers, body), 401)
    headers = signed(w, "POST", "/sdk/proxy", body)
    refused("another path", await send(w, "POST", path, headers, body), 401)


@case("Agent.request", name="raw: every bad body is a 4xx with a code")
async def bodies(w):
    good = {"grant_id": w.grant_id, "reason": None, "request": {"method": "GET", "url": w.url()}}
    bad = [b"", b"{", b"null", b"[]", b"7", b'"x"', b"\xff\xfe", b"{}", b'{"a":' + b"[" * 5000,
           json.dumps({**good, "provider_id": "github"}).encode(), json.dumps({**good, "grant_id": 7}).encode(),
           json.dumps({**good, "grant_id": "no-uuid"}).encode(), json.dumps({**good, "request": None}).encode(),
           json.dumps({**good, "request": {"method": "GET"}}).encode(), json.dumps({**good, "request": {"method": "", "url": w.url()}}).encode()]
    for path in ("/sdk/token", "/sdk/proxy", "/sdk/grants/list", "/sdk/oauth/connect/session", "/sdk/oauth/connect/session/poll",
                 "/sdk/oauth/audit/api-call"):
        for body in bad:
            response = await send(w, "POST", path, signed(w, "POST", path, body), body)
            if path != "/sdk/token" and response.status_code < 300:
                continue  # an empty object is a good body elsewhere
            true(f"{path} answers {response.status_code} to {body[:40]!r}", 400 <= response.status_code < 500)
            refused(f"{path} {body[:30]!r}", response, response.status_code)


@case("Agent.request", name="raw: an oversized body is 413")
async def oversized(w):
    body = json.dumps({"grant_id": w.grant_id, "reason": "x" * (2 << 20), "request": {"method": "GET", "url": w.url()}}).encode()
    refused("a large token request", await send(w, "POST", "/sdk/token", signed(w, "POST", "/sdk/token", body), body), 413)
    body = b" " * (40 << 20)
    try:
        response = await send(w, "POST", "/sdk/proxy", signed(w, "POST", "/sdk/proxy", body), body)
    except httpx.TransportError:
        return  # the vault hung up before it had read all of it
    refused("a large proxy request", response, 413)


@case("Agent.request", name="raw: a non-http URL and a user-info in a URL are 422 in both modes")
async def urls(w):
    for url in ("ftp://127.0.0.1/x", "file:///etc/hosts", "javascript:1", w.url().replace("://", "://u:p@"), "http://", "//x/y", "/user",
                "http://[::1]:1/", "http://169.254.169.254/latest", "http://127.1/", "http://2130706433/"):
        token = json.dumps({"grant_id": w.grant_id, "reason": None, "request": {"method": "GET", "url": url}}).encode()
        refused(f"token {url}", await send(w, "POST", "/sdk/token", signed(w, "POST", "/sdk/token", token), token), 422, "blocked_destination")
        proxy = json.dumps({"method": "GET", "url": url, "grant_id": w.grant_id}).encode()
        refused(f"proxy {url}", await send(w, "POST", "/sdk/proxy", signed(w, "POST", "/sdk/proxy", proxy), proxy), 422, "blocked_destination")


@case("Agent.proxy_request", name="raw: forbidden headers in proxy mode are 422")
async def headers(w):
    for name in ("Authorization", "cookie", "X-Api-Key", "HOST", "proxy-authorization", "x-method-override"):
        body = json.dumps({"method": "GET", "url": w.url(), "grant_id": w.grant_id, "headers": {name: "x"}}).encode()
        refused(name, await send(w, "POST", "/sdk/proxy", signed(w, "POST", "/sdk/proxy", body), body), 422)


@case("Agent.me", name="raw: unknown paths and methods answer JSON with a code")
async def unknown(w):
    for method, path, status in (("GET", "/sdk/nothing", 404), ("GET", "/sdk/grants/" + str(uuid.uuid4()), 404), ("PUT", "/sdk/token", 405),
                                 ("DELETE", "/sdk/agents/me", None)):
        response = await send(w, method, path, signed(w, method, path))
        true(f"{method} {path} answers {response.status_code}", response.status_code in ((status,) if status else (403, 404, 405)))
        refused(f"{method} {path}", response, response.status_code)


@case("Agent.request", name="raw: one audit row a call, also for a refused one")
async def rows(w):
    run = fresh("run")
    context = json.dumps({"run_id": run}, separators=(",", ":"))
    body = json.dumps({"grant_id": w.grant_id, "reason": None, "request": {"method": "GET", "url": w.url() + "?key=test-secret-query"}}).encode()
    headers = signed(w, "POST", "/sdk/token", body, context=context)
    headers["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = (await send(w, "POST", "/sdk/token", headers, body)).json()
    row = w.one_row(run_id=run)
    equal("status of an unreported call", row["status"], None)
    equal("url", row["url"], w.url())
    equal("traceparent", row["traceparent"], headers["traceparent"])
    for name in ("agent_id", "grant_id", "provider", "operation", "method", "url", "run_id", "thread_id", "tool", "reason", "outcome", "traceparent"):
        true(f"{name} is {row.get(name)!r}", isinstance(row.get(name), str))
    refused("another host", await send(w, "POST", "/sdk/token", signed(w, "POST", "/sdk/token", body.replace(b"127.0.0.1", b"127.0.0.2"), context=context),
                                       body.replace(b"127.0.0.1", b"127.0.0.2")), 422)
    equal("rows", len(w.rows(run_id=run)), 2)
    text = json.dumps(w.audit())
    for secret in (answer["access_token"], w.agent_key, w.app_key, "test-secret-query"):
        true("a secret is in the trail", secret not in text)
