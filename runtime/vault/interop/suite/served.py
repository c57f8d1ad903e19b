"""A vault made with the operator's commands, before a provider that answers as a case wants."""

import contextlib
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

TOKENS = {"one": "test-secret-provider-one", "two": "test-secret-provider-two", "proxy": "test-secret-provider-proxy", "gone": "test-secret-provider-gone"}


class Provider(http.server.BaseHTTPRequestHandler):
    """Answers by path, and records what it is asked."""

    protocol_version = "HTTP/1.1"
    seen = []

    def log_message(self, *_):
        pass

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        Provider.seen.append({"method": self.command, "path": path, "query": query, "headers": self.headers, "body": body})
        status, headers = 200, {}
        match path:
            case "/unauthorized":
                status = 401
            case "/narrow":
                status, headers = 403, {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="repo admin"'}
            case "/forbidden":
                status = 403
            case "/broken":
                status = 500
            case "/moved":
                status, headers = 302, {"Location": "/elsewhere"}
            case "/slow":
                time.sleep(2)
            case "/hangs":
                time.sleep(100)
            case "/odd-encoding":
                headers = {"Content-Encoding": "br"}
            case "/cookie":
                headers = {"Set-Cookie": "session=one"}
        payload = json.dumps({"path": path, "query": query, "cookie": self.headers.get("Cookie")}).encode()
        if path.startswith("/bucket/") and self.command == "PUT":
            payload = b""  # S3 says nothing to what it stores
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(payload)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = answer


def stop(process):
    process.send_signal(signal.SIGINT)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()


class Served:
    """`grantvault serve` of a vault that init, app, agent and grant have made."""

    def __init__(self, command):
        self.command, self.dir = command, tempfile.mkdtemp(prefix="grantvault-interop-")
        self.provider = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
        threading.Thread(target=self.provider.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.provider.server_port}"
        vault = os.path.join(self.dir, "vault")
        self.env = {"PROVIDER_URL": self.url, "VAULT_DIR": vault}
        self.run("init")
        self.run("app", "create", "interop")
        self.run("agent", "create", "builder")
        self.grants = {}
        for name, extra, host in (("one", (), self.url), ("two", (), self.url), ("proxy", ("--proxy-only",), self.url), ("gone", (), "http://127.0.0.1:9")):
            made = self.run("grant", "create", "github", "--agent", self.env["ALTER_AGENT_ID"], "--host", host, "--label", name, "--token-stdin", *extra,
                            stdin=TOKENS[name] + "\n")
            self.grants[name] = made["GRANT_ID"]
        self.env |= {"GRANT_ID": self.grants["one"], "USER_GRANT_ID": self.grants["two"]}
        self.process, self.env["ALTER_BASE_URL"] = self.serve()

    def serve(self, *flags):
        """Starts a daemon on the vault and waits until it serves."""
        process = subprocess.Popen([*self.command, "serve", "--dir", self.env["VAULT_DIR"], "--listen", "127.0.0.1:0", *flags],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        address = None
        for line in process.stdout:
            if match := re.search(r"ALTER_BASE_URL=(\S+)", line):
                address = match[1]
            if line.strip() == "ready":
                break
        if not address or process.poll() is not None:
            raise SystemExit("grantvault serve ended before it listened")
        threading.Thread(target=process.stdout.read, daemon=True).start()
        return process, address

    @contextlib.contextmanager
    def beside(self, *flags):
        """The base URL of a second daemon on the same vault, with flags of its own."""
        process, address = self.serve("--socket", "none", *flags)
        try:
            yield address
        finally:
            stop(process)

    def grant(self, *flags, host=None, token="test-secret-provider-own"):
        """A grant that a case has for itself."""
        return self.run("grant", "create", "github", "--agent", self.env["ALTER_AGENT_ID"], "--host", host or self.url, "--token-stdin", *flags,
                        stdin=token + "\n")["GRANT_ID"]

    def run(self, *arguments, stdin=None):
        done = subprocess.run([*self.command, *arguments, "--dir", self.env["VAULT_DIR"]], input=stdin, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise SystemExit(f"grantvault {' '.join(arguments[:2])} ends with {done.returncode}: {done.stderr.strip()[:300]}")
        said = dict(re.findall(r"^([A-Z_]+)=(.*)$", done.stdout, re.M))
        self.env |= said
        return said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.process)
        self.provider.shutdown()
        shutil.rmtree(self.dir, ignore_errors=True)
