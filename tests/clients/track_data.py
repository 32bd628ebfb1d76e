"""A tracking server over MLflow's REST interface, and what the tests of the page put into it."""

import json
import math
import os
import secrets
import shlex
import socket
import struct
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib

PATIENCE = float(os.environ.get("IRONBOOK_CLIENT_PATIENCE", "60"))
# Runs if anything takes text for code.
BAIT = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"


def spawn(command):
    """Starts a server; `{port}` in the command becomes a free port. Gives the process and its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(shlex.split(command.replace("{port}", str(port))), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    base, deadline = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(f"{base}/health", timeout=2).read()
            return process, base
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise SystemExit(f"no server came up: {command}") from None
            time.sleep(0.1)


class Api:
    """Calls, and short words for what tests need often."""

    def __init__(self, base):
        self.base = base

    def call(self, method, path, body=None, version="2.0"):
        address = f"{self.base}/ajax-api/{version}/mlflow/{path}"
        data = None
        if method == "GET":
            address += f"?{urllib.parse.urlencode(body or {}, doseq=True)}"
        else:
            data = json.dumps(body or {}).encode()
        request = urllib.request.Request(address, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"{}")

    def refusal(self, path, body):
        """What the server says when it refuses."""
        try:
            self.call("POST", path, body)
        except urllib.error.HTTPError as error:
            return json.loads(error.read())["message"]
        raise AssertionError(f"{path} was not refused")

    def experiment(self, name, note=None):
        tags = [{"key": "mlflow.note.content", "value": note}] if note else []
        return self.call("POST", "experiments/create", {"name": name, "tags": tags})["experiment_id"]

    def run(self, experiment, name, params=None, tags=None, start=None):
        pairs = [{"key": key, "value": str(value)} for key, value in (tags or {}).items()]
        run = self.call("POST", "runs/create", {"experiment_id": experiment, "run_name": name, "tags": pairs,
                                                "start_time": start or int(time.time() * 1000)})["run"]["info"]
        if params:
            values = [{"key": key, "value": str(value)} for key, value in params.items()]
            self.call("POST", "runs/log-batch", {"run_id": run["run_id"], "params": values})
        return run["run_id"]

    def metrics(self, run, key, values, first=0):
        now = int(time.time() * 1000)
        points = [{"key": key, "value": value, "timestamp": now + at, "step": first + at} for at, value in enumerate(values)]
        for at in range(0, len(points), 1000):
            self.call("POST", "runs/log-batch", {"run_id": run, "metrics": points[at:at + 1000]})

    def model(self, experiment, name, run=None):
        """A logged model that is ready."""
        body = {"experiment_id": experiment, "name": name, "model_type": "classifier", "source_run_id": run, "params": [{"key": "max_depth", "value": "8"}], "tags": [{"key": "kind", "value": BAIT}]}
        made = self.call("POST", "logged-models", body)["model"]["info"]
        self.call("PATCH", f"logged-models/{made['model_id']}", {"model_id": made["model_id"], "status": "LOGGED_MODEL_READY"})
        return made["model_id"]

    def trace(self, experiment, name):
        """Two spans, one in the other, sent as OpenTelemetry's JSON; its id, or None where the server takes no JSON."""
        trace, now = secrets.token_hex(16), time.time_ns()
        spans = [{"traceId": trace, "spanId": f"{at + 1:016x}", "parentSpanId": f"{at:016x}" if at else "", "name": f"{name} {at}", "kind": 1,
                  "startTimeUnixNano": str(now + at * 10_000_000), "endTimeUnixNano": str(now + 40_000_000 - at * 10_000_000), "status": {"code": 1},
                  "attributes": [{"key": "mlflow.spanInputs", "value": {"stringValue": json.dumps({"q": BAIT})}}]} for at in range(2)]
        body = json.dumps({"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"scope": {"name": "test"}, "spans": spans}]}]}).encode()
        headers = {"Content-Type": "application/json", "x-mlflow-experiment-id": experiment}
        try:
            urllib.request.urlopen(urllib.request.Request(f"{self.base}/v1/traces", body, headers, method="POST"), timeout=30).read()
        except urllib.error.HTTPError:
            return None
        return f"tr-{trace}"

    def end(self, run, status="FINISHED"):
        self.call("POST", "runs/update", {"run_id": run, "status": status, "end_time": int(time.time() * 1000) + 1000})

    def file(self, run, path, data):
        query = urllib.parse.urlencode({"run_uuid": run, "path": path})
        request = urllib.request.Request(f"{self.base}/ajax-api/2.0/mlflow/upload-artifact?{query}", data,
                                         {"Content-Type": "application/octet-stream"}, method="POST")
        urllib.request.urlopen(request, timeout=60).read()


def png(width, height):
    """A picture."""
    rows = b"".join(b"\0" + b"".join(bytes([x * 255 // width, y * 255 // height, 150]) for x in range(width)) for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Data:
    """An experiment with six runs, artifacts, a registered model, and names and values that are bait."""

    def __init__(self, api, mark):
        self.api, self.mark = api, mark
        self.name = f"page {mark}"
        self.experiment = api.experiment(self.name, f"Runs of a test. {BAIT}")
        self.runs, start = [], int(time.time() * 1000) - 3_600_000
        for at in range(6):
            tags = {"mlflow.user": "mira", "mlflow.source.name": "page.ipynb", "mlflow.source.git.commit": "9f2c41d7be0a4de1",
                    "ironbook.git.dirty": "true", "ironbook.seed": str(at), "ironbook.process.pid": "7", "team": "core"}
            if at == 3:
                tags["mlflow.parentRunId"] = self.runs[2]
            run = api.run(self.experiment, f"run-{at}", {"lr": 0.01 * (at + 1), "depth": 6, "model": "forest"}, tags, start + at * 60_000)
            api.metrics(run, "auc", [0.5 + 0.05 * at + 0.1 * (1 - math.exp(-step / 20)) for step in range(150)])
            api.metrics(run, "loss", [math.exp(-step / (20 + at)) + 0.01 for step in range(150)])
            api.metrics(run, "system/cpu_utilization_percentage", [50, 60, 70])
            api.end(run, "FAILED" if at == 4 else "FINISHED")
            self.runs.append(run)
        self.whole = self.runs[0]
        files = {
            "report.md": b"# Report\n\nAUC **0.93**\n", "config.json": b'{"depth":6,"deep":{"a":[1,2]}}', "rows.csv": b'name,value\nfirst,1.5\n"a, b",2\n',
            "notes.txt": b"plain words\n", "plots/curve.png": png(40, 30), "cells/cell-0001.rs": b"let answer = 42;\n", "model/MLmodel": b"flavors: {}\n",
            "page.html": f"<h1>A page</h1>{BAIT}<script>document.body.append('ran');fetch('/health').then(() => document.body.append('reached'));parent.hacked=1</script>".encode(),
            "picture.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="50" height="50"><script>parent.hacked=1</script><rect width="50" height="50" onload="window.hacked=1"/></svg>',
            "bait.md": f"{BAIT}\n\n[link](javascript:window.hacked=1) `{BAIT}`\n".encode(), "bait.csv": f"a,b\n{BAIT},2\n".encode(), "bait.json": json.dumps({"a": BAIT}).encode(),
        }
        for path, data in files.items():
            api.file(self.whole, path, data)
        dataset = {"name": "flights", "digest": "4fb3f2bb", "source_type": "local", "source": json.dumps({"uri": "data/flights.parquet"}), "profile": json.dumps({"num_rows": 327346})}
        api.call("POST", "runs/log-inputs", {"run_id": self.whole, "datasets": [{"dataset": dataset, "tags": [{"key": "mlflow.data.context", "value": "training"}]}]})
        self.model = f"model-{mark}"
        api.call("POST", "registered-models/create", {"name": self.model, "description": f"A model. {BAIT}", "tags": [{"key": "owner", "value": BAIT}]})
        source = api.call("GET", "runs/get", {"run_id": self.whole})["run"]["info"]["artifact_uri"]
        for _ in range(2):
            api.call("POST", "model-versions/create", {"name": self.model, "source": f"{source}/model", "run_id": self.whole, "description": BAIT})
        self.bait = api.run(self.experiment, BAIT, {"lr": BAIT, "depth": "javascript:window.hacked=1"}, {"team": BAIT, "mlflow.user": BAIT, "mlflow.source.name": BAIT,
            "mlflow.source.git.repoURL": "javascript:window.hacked=1", "mlflow.source.git.commit": BAIT, "mlflow.note.content": f"{BAIT} [x](javascript:window.hacked=1)"}, start - 60_000)
        api.metrics(self.bait, "auc", [0.1])
        api.end(self.bait)
