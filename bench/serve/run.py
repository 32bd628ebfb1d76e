"""`ironbook serve` with boosted trees beside `mlflow models serve`, asked by wrk: python bench/serve/run.py [--mlflow PYTHON].

Builds what it needs first. One row of 14 columns as JSON, 200 trees of 63 leaves; request log, metrics and an API key are on in
ours. Where there are two cores, server and wrk have one each. PYTHON is a Python with mlflow (tests/env/mlflow.txt; else
IRONBOOK_TEST_MLFLOW); without it MLflow's side is left out. Prints a JSON line for each figure. What each figure is meant to
be stands in README.md.
"""
import argparse
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
WORKSPACE = HERE.parent.parent
KEY = "a-key-of-the-benchmark"
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def pinned(core, command):
    return ["taskset", "-c", str(core), *command] if os.cpu_count() > 1 and shutil.which("taskset") else command


def tree(process):
    """The process and all below it."""
    found, todo = [], [process]
    while todo:
        one = todo.pop()
        found.append(one)
        try:
            for thread in os.listdir(f"/proc/{one}/task"):
                todo += [int(child) for child in pathlib.Path(f"/proc/{one}/task/{thread}/children").read_text().split()]
        except OSError:
            pass
    return found


def cpu(process):
    """Seconds of a processor that a process and all below it have had."""
    total = 0
    for one in tree(process):
        try:
            fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def memory(process):
    """Megabytes that are resident now and at most, of files that other processes share among them."""
    now = most = 0
    for one in tree(process):
        try:
            status = pathlib.Path(f"/proc/{one}/status").read_text()
        except OSError:
            continue
        read = lambda name: int(re.search(rf"{name}:\s+(\d+)", status).group(1)) / 1024
        now, most = now + read("VmRSS"), most + read("VmHWM")
    return round(now, 1), round(most, 1)


def own_memory(process):
    """Megabytes that no other process could share: written to, or its own from the start."""
    text = "".join(pathlib.Path(f"/proc/{one}/smaps_rollup").read_text() for one in tree(process))
    return round(sum(int(kilobytes) for kilobytes in re.findall(r"Private_Dirty:\s+(\d+)", text)) / 1024, 1)


def say(**figure):
    print(json.dumps(figure), flush=True)


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def wrk(port, body, connections, seconds, threads=1):
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency", "-s", str(HERE / "post.lua")]
    environment = dict(os.environ, BODY=str(body), KEY=KEY)
    url = f"http://127.0.0.1:{port}/invocations"
    told = subprocess.run(pinned(1, command + [url]), capture_output=True, text=True, env=environment, check=True).stdout
    read = lambda pattern: re.search(pattern, told).group(1)
    errors = re.search(r"Socket errors.*", told)
    return {
        "requests_per_s": float(read(r"Requests/sec:\s+([\d.]+)")),
        "p50_ms": milliseconds(read(r"\n +50%\s+(\S+)")),
        "p99_ms": milliseconds(read(r"\n +99%\s+(\S+)")),
        "requests": int(read(r"(\d+) requests in")),
        "not_200": int((re.search(r"Non-2xx or 3xx responses: (\d+)", told) or [0, 0])[1]),
        "socket_errors": errors.group(0) if errors else None,
    }


def ask(port, body, key=KEY):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    connection.request("POST", "/invocations", body, headers)
    return connection.getresponse()


class Server:
    """A server that has given its first answer."""

    def __init__(self, name, command, port, body, ready=None, env=None):
        self.name, self.port, self.body = name, port, body
        begun = time.perf_counter()
        self.process = subprocess.Popen(
            pinned(0, command), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, start_new_session=True
        )
        if ready:
            self.process.stdout.readline()
        while True:
            try:
                answer = ask(port, body.read_bytes())
                break
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit(f"{name} ended with {self.process.returncode}: {' '.join(map(str, command))}")
                time.sleep(0.002)
        assert answer.status == 200, answer.read()
        self.started = time.perf_counter() - begun
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def load(self, connections, seconds):
        wrk(self.port, self.body, connections, 1)
        before = cpu(self.process.pid)
        found = wrk(self.port, self.body, connections, seconds)
        used = cpu(self.process.pid) - before
        found["cpu_us_per_request"] = round(used * 1e6 / max(found["requests"], 1), 1)
        found["share_of_a_core"] = round(used / seconds, 2)
        return found

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)


def built():
    """The directory of the programs, built: `ironbook` with its library, and the examples of ironbook-serve."""
    for arguments in (["-p", "ironbook-repl"], ["-p", "ironbook-serve", "--examples"]):
        subprocess.run(["cargo", "build", "--quiet", *arguments], cwd=WORKSPACE, check=True)
    programs = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", WORKSPACE / "target")) / "debug"
    subprocess.run([programs / "ironbook", "setup"], check=True, stdout=subprocess.DEVNULL)
    return programs


def ours(programs, directory, model="models:/late-flights@champion", *more, key=KEY, log="log"):
    port = free_port()
    command = [str(programs / "ironbook"), "serve", model, "--port", str(port), "--store", str(directory / ".ironbook"), "--poll", "0.05", *more]
    if log:
        command += ["--log", str(directory / log)]
    env = {name: value for name, value in os.environ.items() if name not in ("MLFLOW_TRACKING_URI", "IRONBOOK_SERVE_KEY")}
    if key:
        env["IRONBOOK_SERVE_KEY"] = key
    return Server("ironbook", command, port, directory / "request.json", ready=True, env=env)


def swaps(programs, directory, seconds):
    """Versions exchanged under load."""
    server = ours(programs, directory)
    ends = time.time() + seconds
    count = 0

    def move():
        nonlocal count
        while time.time() < ends - 1:
            version = 1 + count % 2
            subprocess.run([str(programs / "examples/serve_model"), str(directory), "--champion", str(version)], check=True)
            count += 1
            time.sleep(0.3)

    mover = threading.Thread(target=move)
    mover.start()
    found = wrk(server.port, server.body, 16, seconds)
    mover.join()
    metrics = scrape(server.port)
    server.stop()
    say(what="versions exchanged under load", swaps=metrics.get("ironbook_serve_swaps_total"), **found)


def scrape(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/metrics", headers={"authorization": f"Bearer {KEY}"})
    lines = connection.getresponse().read().decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def soak(programs, directory, seconds, python):
    """A thousand connections: memory, and every answer logged once."""
    shutil.rmtree(directory / "soak", ignore_errors=True)
    server = ours(programs, directory, log="soak")
    found = [memory(server.process.pid)[0]]
    done = {}
    thread = threading.Thread(target=lambda: done.update(wrk(server.port, server.body, 1000, seconds)))
    thread.start()
    while thread.is_alive():
        time.sleep(max(1, seconds / 10))
        found.append(memory(server.process.pid)[0])
    answered = scrape(server.port)['ironbook_serve_requests_total{route="invocations",status="200"}']
    lost = scrape(server.port)["ironbook_serve_log_rows_lost_total"]
    code = server.stop()
    figure = {"answered": int(answered), "lost": int(lost), "exit": code, "memory_mb": found}
    if python:
        script = "import pyarrow.dataset as d, sys; t=d.dataset(sys.argv[1]).to_table(columns=['request_id','row']); print(t.num_rows, len(set(t.column('request_id').to_pylist())))"
        rows, ids = subprocess.run([python, "-c", script, str(directory / "soak")], capture_output=True, text=True, check=True).stdout.split()
        figure |= {"logged": int(rows), "distinct": int(ids)}
    files = list((directory / "soak").glob("*.parquet"))
    figure["log_bytes_per_row"] = round(sum(file.stat().st_size for file in files) / answered, 1)
    say(what="soak of 1,000 connections", **figure, **done)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mlflow", metavar="PYTHON", default=os.environ.get("IRONBOOK_TEST_MLFLOW"))
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--soak", type=int, default=60)
    parser.add_argument("--directory", type=pathlib.Path)
    arguments = parser.parse_args()
    programs = built()
    say(what="machine", cores=os.cpu_count(), load=os.getloadavg()[0])
    with tempfile.TemporaryDirectory() as temporary:
        directory = arguments.directory or pathlib.Path(temporary)
        if not (directory / "request.json").exists():
            subprocess.run([str(programs / "examples/serve_model"), str(directory)], check=True)
        body = directory / "request.json"
        rows = {}
        starts = []
        for _ in range(5):
            server = ours(programs, directory)
            starts.append(server.started)
            (now, most), own = memory(server.process.pid), own_memory(server.process.pid)
            server.stop()
        seconds = round(sorted(starts)[2], 3)
        say(what="ironbook: registry to first answer", seconds=seconds, resident_mb=now, at_most_mb=most, own_mb=own)
        server = ours(programs, directory)
        for connections in (1, 16, 64):
            rows["ironbook", connections] = server.load(connections, arguments.seconds)
            say(what="ironbook", connections=connections, load=os.getloadavg()[0], **rows["ironbook", connections])
        say(what="ironbook: memory after load", memory_mb=memory(server.process.pid)[0])
        server.stop()
        if arguments.mlflow:
            port = free_port()
            command = [arguments.mlflow, "-m", "mlflow", "models", "serve", "-m", str(directory / "model"), "-p", str(port), "--env-manager", "local"]
            env = dict(os.environ, MLFLOW_DISABLE_TELEMETRY="true", PATH=f"{pathlib.Path(arguments.mlflow).parent}:{os.environ['PATH']}")
            server = Server("mlflow", command, port, body, env=env)
            say(what="mlflow: first answer", seconds=round(server.started, 2), memory_mb=memory(server.process.pid)[0])
            for connections in (1, 16):
                rows["mlflow", connections] = server.load(connections, arguments.seconds)
                say(what="mlflow", connections=connections, load=os.getloadavg()[0], **rows["mlflow", connections])
            server.stop()
            for connections in (1, 16):
                ratio = lambda of: round(rows["ironbook", connections][of] / (rows["mlflow", connections][of] or float("nan")), 4)
                say(what="ironbook / mlflow", connections=connections, requests_per_s=ratio("requests_per_s"), p50=ratio("p50_ms"), p99=ratio("p99_ms"), cpu=ratio("cpu_us_per_request"))
        swaps(programs, directory, arguments.seconds)
        soak(programs, directory, arguments.soak, arguments.mlflow)
        server = ours(programs, directory, str(directory / "model"), "--name", "flights", key=None)
        print(subprocess.run([str(programs / "examples/serve_fuzz"), f"http://127.0.0.1:{server.port}"], capture_output=True, text=True).stdout)
        say(what="after the fuzz", memory_mb=memory(server.process.pid)[0], panics=scrape(server.port)["ironbook_serve_panics_total"])
        server.stop()


if __name__ == "__main__":
    main()
