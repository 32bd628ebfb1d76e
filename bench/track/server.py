"""The tracking server beside `mlflow server`, both on SQLite: python bench/track/server.py PROGRAM [--mlflow MLFLOW] [--runs N] [--points N].

PROGRAM is `ironbook`, or the example `server` of ironbook-tracking. Times in the server are those of raw HTTP over one
connection that is kept; the others go through MLflow's Python client. Both servers run alone, one after the other.
"""
import argparse
import http.client
import json
import os
import pathlib
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_LOGGING_LEVEL"] = "ERROR"
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    def __init__(self, command, port):
        start = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.port = port
        while True:
            try:
                link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                link.request("GET", "/health")
                if link.getresponse().read() == b"OK":
                    break
            except OSError:
                time.sleep(0.002)
        self.start = time.perf_counter() - start
        self.link = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    def ask(self, method, path, body=None):
        self.link.request(method, path, body, {"Content-Type": "application/json"})
        answer = self.link.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        return text

    def post(self, path, body):
        return self.ask("POST", path, body)

    def get(self, path):
        return self.ask("GET", path)

    def again(self):
        """A new connection: some servers end one that was quiet for some seconds."""
        self.link.close()

    def memory(self):
        """Resident megabytes of all processes of the server."""
        total, todo = 0, [self.process.pid]
        while todo:
            pid = todo.pop()
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
                total += int(status.split("VmRSS:")[1].split()[0])
                todo += [int(p) for t in pathlib.Path(f"/proc/{pid}/task").iterdir() for p in (t / "children").read_text().split()]
            except (OSError, IndexError):
                pass
        return total / 1024

    def stop(self):
        os.killpg(self.process.pid, 15)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)


def timed(call, count):
    """Milliseconds of each call, at the median."""
    times = []
    for i in range(count):
        start = time.perf_counter()
        call(i)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def fill(server, experiment, runs, points):
    """Runs with four parameters and two metrics; one with many points."""
    api = "/api/2.0/mlflow/runs/"
    random.seed(1)
    for i in range(runs):
        run = json.loads(server.post(api + "create", json.dumps({"experiment_id": experiment, "start_time": i})))["run"]["info"]["run_id"]
        metrics = [{"key": k, "value": random.random(), "timestamp": i, "step": 0} for k in ("auc", "loss")]
        params = [{"key": k, "value": str(i % m)} for k, m in (("lr", 7), ("depth", 11), ("seed", 1000), ("model", 3))]
        server.post(api + "log-batch", json.dumps({"run_id": run, "metrics": metrics, "params": params}))
    run = json.loads(server.post(api + "create", json.dumps({"experiment_id": experiment})))["run"]["info"]["run_id"]
    for start in range(0, points, 1000):
        batch = [{"key": "curve", "value": float(i), "timestamp": i, "step": i} for i in range(start, min(points, start + 1000))]
        server.post(api + "log-batch", json.dumps({"run_id": run, "metrics": batch}))
    return run


def measure(name, command, port, runs, points):
    server = Server(command, port)
    out = {"start-up (s)": server.start}
    try:
        client = MlflowClient(f"http://127.0.0.1:{port}")
        experiment = client.create_experiment("bench")
        run = client.create_run(experiment).info.run_id
        api = "/api/2.0/mlflow/runs/"
        one = lambda i: server.post(api + "log-metric", json.dumps({"run_id": run, "key": "raw", "value": i * 0.5, "timestamp": i, "step": i}))
        timed(one, 20)
        out["one metric, in the server (ms)"] = timed(lambda i: one(i + 100), 500)
        batches = [
            json.dumps({"run_id": run, "metrics": [{"key": "rb", "value": i * 0.25, "timestamp": i, "step": b * 1000 + i} for i in range(1000)]})
            for b in range(40)
        ]
        out["1,000 metrics in a batch, in the server (ms)"] = timed(lambda i: server.post(api + "log-batch", batches[i]), 40)
        start = time.perf_counter()
        for i in range(1000):
            client.log_metric(run, "single", i, step=i)
        out["1,000 single metrics, client (s)"] = time.perf_counter() - start
        metrics = [Metric("batch", i / 3, i, i) for i in range(1000)]
        out["1,000 metrics in a batch, client (ms)"] = timed(lambda i: client.log_batch(run, metrics), 10)

        def whole(i):
            made = client.create_run(experiment).info.run_id
            client.log_batch(made, [Metric("m", 1.0, 1, 0)], [Param("p", "1")], [])
            client.set_terminated(made)

        out["create, log, end a run, client (ms)"] = timed(whole, 50)
        filled = client.create_experiment("filled")
        server.again()
        start = time.perf_counter()
        long = fill(server, filled, runs, points)
        out[f"filling {runs:,} runs and {points:,} points, raw (s)"] = time.perf_counter() - start
        search = json.dumps({"experiment_ids": [filled], "filter": "metrics.auc > 0.9 and params.lr != '3'", "order_by": ["metrics.auc DESC"], "max_results": 100})
        out[f"search of {runs:,} runs, 100 found, raw (ms)"] = timed(lambda i: server.post(api + "search", search), 10)
        newest = json.dumps({"experiment_ids": [filled], "max_results": 100})
        out[f"newest 100 of {runs:,} runs, raw (ms)"] = timed(lambda i: server.post(api + "search", newest), 10)
        curve = f"/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids={long}&metric_key=curve&max_results=320"
        out[f"a curve of {points:,} points thinned to 320, raw (ms)"] = timed(lambda i: server.get(curve), 5)
        out["the page itself, raw (ms)"] = timed(lambda i: server.get("/"), 20)
        out["resident memory (MB)"] = server.memory()
    finally:
        server.stop()
    print(f"# {name}", flush=True)
    for what, value in out.items():
        print(f"{what}: {value:.3f}", flush=True)
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--mlflow", default=shutil.which("mlflow"))
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=1_000_000)
    args = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as directory:
        port = free_port()
        track = ["track"] if pathlib.Path(args.program).name == "ironbook" else []
        found["ironbook"] = measure("ironbook", [args.program, *track, "server", "--port", str(port), "--store", f"{directory}/ours"], port, args.runs, args.points)
        for workers in ([1, None] if args.mlflow else []):
            name = f"mlflow {mlflow.__version__}, {'one worker' if workers else 'default workers'}"
            place = f"{directory}/{'one' if workers else 'more'}"
            os.mkdir(place)
            port = free_port()
            command = [args.mlflow, "server", "--backend-store-uri", f"sqlite:///{place}/m.db", "--artifacts-destination", f"{place}/a", "--port", str(port)]
            found[name] = measure(name, command + (["--workers", "1"] if workers else []), port, args.runs, args.points)
    print("\n| | ironbook | mlflow, the faster | times |\n|---|---|---|---|")
    for what, ours in found["ironbook"].items():
        theirs = [f[what] for name, f in found.items() if name != "ironbook"]
        if theirs:
            print(f"| {what} | {ours:.3g} | {min(theirs):.3g} | {min(theirs) / ours:.1f} |")
        else:
            print(f"| {what} | {ours:.3g} | | |")


if __name__ == "__main__":
    main()
