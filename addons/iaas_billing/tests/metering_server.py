"""The systems that usage is fetched from, as one real HTTP server."""

import json
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

HOUR = timedelta(hours=1)


class MeteringServer:
    """A real HTTP server that answers as CloudKitty, Prometheus and others do."""

    def __init__(self):
        self.requests = []
        #: paths that answer with these statuses, one after the other
        self.failures = {}
        self.points = []
        self.samples = {}
        self.items = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self._handle("")

            def do_POST(self):
                length = int(self.headers.get("Content-Length") or 0)
                self._handle(self.rfile.read(length).decode())

            def _handle(self, body):
                parts = urlsplit(self.path)
                query = parse_qs(parts.query)
                if "form" in self.headers.get("Content-Type", ""):
                    query |= parse_qs(body)
                query = {name: values[0] for name, values in query.items()}
                outer.requests.append((parts.path, query, dict(self.headers), body))
                failures = outer.failures.get(parts.path)
                if failures:
                    return self._answer(failures.pop(0), {"error": "not now"})
                status, document, headers = outer.answer(parts.path, query)
                return self._answer(status, document, headers)

            def _answer(self, status, document, headers=()):
                content = document
                if not isinstance(document, bytes):
                    content = json.dumps(document).encode()
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, path, query):
        if path == "/v3/auth/tokens":
            return 201, {"token": {}}, [("X-Subject-Token", "keystone-token")]
        if path == "/v2/dataframes":
            return *self.cloudkitty(query), ()
        if path == "/api/v1/query_range":
            return 200, self.prometheus(query), ()
        if path == "/usage":
            return 200, self.page(query), ()
        if path == "/redirect":
            return 302, {}, [("Location", f"{self.url}/usage")]
        return 200, b"<html>", ()

    def cloudkitty(self, query):
        begin, end = (datetime.fromisoformat(query[name]) for name in ("begin", "end"))
        found = [one for one in self.points if begin <= one[0] < end]
        if not found:
            return 404, {"message": "No resource found for provided filters."}
        offset, limit = int(query["offset"]), int(query["limit"])
        frames = [
            {
                "period": {
                    "begin": time.isoformat(),
                    "end": (time + HOUR).isoformat(),
                },
                "usage": {
                    "network.out": [
                        {
                            "vol": {"unit": "GiB", "qty": quantity},
                            "rating": {"price": 0.04},
                            "groupby": {"id": subject, "project_id": "p-1"},
                            "metadata": {"region": "tokyo"},
                        }
                    ]
                },
            }
            for time, subject, quantity in found[offset : offset + limit]
        ]
        return 200, {"total": len(found), "dataframes": frames}

    def prometheus(self, query):
        start, end, step = (int(query[name]) for name in ("start", "end", "step"))
        result = []
        for subject, samples in self.samples.get(query["query"], {}).items():
            values = [
                [moment, samples[moment]]
                for moment in range(start, end + 1, step)
                if moment in samples
            ]
            if values:
                result.append(
                    {
                        "metric": {"__name__": "up", "resource": subject},
                        "values": values,
                    }
                )
        return {
            "status": "success",
            "data": {"resultType": "matrix", "result": result},
        }

    def page(self, query):
        size = int(query.get("size", 2))
        page = int(query.get("page", 1))
        found = [
            item
            for item in self.items
            if query.get("begin", "") <= item["time"] < query.get("end", "~")
        ]
        part = found[(page - 1) * size : page * size]
        more = page * size < len(found)
        return {
            "result": {"list": part},
            "next": f"/usage?page={page + 1}" if more else None,
            "cursor": str(page + 1) if more else "",
        }
