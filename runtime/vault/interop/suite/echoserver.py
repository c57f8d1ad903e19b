"""A provider on loopback that remembers what it was asked, and repeats it."""

import http.server
import json
import threading


class EchoServer:
    """The last request is in method, target, headers (lower-case names) and body."""

    def __enter__(self):
        outer = self
        self.answer, self.status = None, 200

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                length = int(self.headers.get("Content-Length") or 0)
                outer.method, outer.target = self.command, self.path
                outer.headers = {k.lower(): v for k, v in self.headers.items()}
                outer.body = self.rfile.read(length)
                kind, text = outer.answer or ("application/json", json.dumps({"target": self.path, "headers": outer.headers}))
                raw = text.encode()
                self.send_response(outer.status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(raw)

            do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = serve

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
