"""The tracking page of this checkout in front of any MLflow server: track_front.py PORT UPSTREAM_URL.

For work on the page, and to see that it needs nothing beyond MLflow's own interface.
"""

import http.client
import http.server
import mimetypes
import sys
import urllib.parse
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "tracking" / "ui"
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
FORWARDED = ("/ajax-api/", "/api/", "/v1/", "/get-artifact", "/model-versions/", "/version", "/health")


class Front(http.server.BaseHTTPRequestHandler):
    """Files of the page under the policy that Ironbook's server has; everything else is the other server's."""

    protocol_version = "HTTP/1.1"
    upstream = None

    def log_message(self, *_):
        pass

    def answer(self):
        path = urllib.parse.unquote(self.path.split("?")[0])
        if path.startswith(FORWARDED):
            return self.forward()
        file = PAGE / (path.lstrip("/") or "index.html")
        if not file.is_file() or file.parent != PAGE:
            return self.send(404, {}, b"")
        kind = {".js": "text/javascript"}.get(file.suffix) or mimetypes.guess_type(file.name)[0]
        self.send(200, {"Content-Type": f"{kind}; charset=utf-8", "Content-Security-Policy": POLICY,
                        "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}, file.read_bytes())

    def forward(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        headers = {name: value for name, value in self.headers.items() if name.lower() in ("content-type", "accept", "x-mlflow-experiment-id")}
        try:
            link = http.client.HTTPConnection(self.upstream, timeout=60)
            link.request(self.command, self.path, body, headers)
            reply = link.getresponse()
            data = reply.read()
        except OSError:
            return self.send(502, {}, b"")
        own = ("transfer-encoding", "content-length", "connection", "date", "server")
        self.send(reply.status, {name: value for name, value in reply.getheaders() if name.lower() not in own}, data)

    def send(self, status, headers, data):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer


class Server(http.server.ThreadingHTTPServer):
    """Takes as many connections at once as browsers open."""

    daemon_threads = True
    request_queue_size = 64


def main():
    port, upstream = sys.argv[1:]
    Front.upstream = urllib.parse.urlsplit(upstream).netloc
    Server(("127.0.0.1", int(port)), Front).serve_forever()


if __name__ == "__main__":
    main()
