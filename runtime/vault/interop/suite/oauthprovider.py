"""A provider that connects accounts, and renews their credentials as a case wants."""

import http.server
import json
import threading
import urllib.parse


class OAuthProvider:
    """Consents by itself; refresh is what the token endpoint does when a credential is to be renewed."""

    def __init__(self):
        outer = self
        self.refresh, self.renewed, self.lifetime = "good", 0, 3600
        self.released = threading.Event()  # ends the wait of "held"
        self.profile = {"login": "octo"}

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(url.query))
                if url.path == "/narrow":
                    return self.say(403, {}, ("WWW-Authenticate", 'Bearer error="insufficient_scope", scope="write"'))
                if url.path in ("/forbidden", "/unauthorized"):
                    return self.say(403 if url.path == "/forbidden" else 401, {})
                if url.path != "/authorize":
                    return self.say(200, outer.profile | {"path": url.path, "authorization": self.headers.get("Authorization")})
                self.send_response(302)
                self.send_header("Location", query["redirect_uri"] + "?" + urllib.parse.urlencode({"code": "c", "state": query["state"]}))
                self.end_headers()

            def do_POST(self):
                form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                if form["grant_type"] == "authorization_code":
                    return self.tokens()
                if outer.refresh == "held":
                    outer.released.wait(30)
                match outer.refresh:
                    case "good":
                        outer.renewed += 1
                        self.tokens()
                    case "refused":
                        self.say(400, {"error": "invalid_grant"})
                    case "client":
                        self.say(401, {"error": "invalid_client"})
                    case "broken":
                        self.say(500, {})

            def tokens(self):
                self.say(200, {"access_token": f"test-secret-access-{outer.renewed}", "token_type": "Bearer", "expires_in": outer.lifetime,
                               "refresh_token": f"test-secret-refresh-{outer.renewed}", "scope": "read"})

            def say(self, status, body, *headers):
                payload = json.dumps(body).encode()
                self.send_response(status)
                for name, value in (("Content-Type", "application/json"), *headers):
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def flags(self):
        return ("--authorize-url", self.url + "/authorize", "--token-url", self.url + "/token", "--user-url", self.url + "/user", "--account-field", "login",
                "--client-id", "interop", "--secret-stdin", "--scopes", "read", "--optional", "write", "--host", self.url)
