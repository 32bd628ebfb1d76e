"""Many clients at once: python bench/track/load.py PROGRAM [--clients 32] [--seconds 10].

Each client logs metrics one by one over a connection of its own; at the end every acknowledged point must be there once.
"""
import argparse
import http.client
import json
import pathlib
import subprocess
import tempfile
import threading
import time


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=10)
    args = parser.parse_args()
    track = ["track"] if pathlib.Path(args.program).name == "ironbook" else []
    with tempfile.TemporaryDirectory() as directory:
        command = [args.program, *track, "server", "--port", "0", "--store", directory, "--ui", "none"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        port = int(server.stdout.readline().split(";")[0].rsplit(":", 1)[1])

        def post(link, path, body):
            link.request("POST", "/api/2.0/mlflow/" + path, json.dumps(body), {"Content-Type": "application/json"})
            answer = link.getresponse()
            text = answer.read()
            assert answer.status == 200, (answer.status, text)
            return json.loads(text)

        connect = lambda: http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        run = post(connect(), "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
        until = time.perf_counter() + args.seconds
        times, counts, problems = [], [0] * args.clients, []

        def write(client):
            link = connect()
            try:
                while time.perf_counter() < until:
                    step = counts[client]
                    start = time.perf_counter()
                    post(link, "runs/log-metric", {"run_id": run, "key": f"m{client}", "value": step, "timestamp": 1, "step": step})
                    times.append(time.perf_counter() - start)
                    counts[client] += 1
            except Exception as problem:
                problems.append(problem)

        writers = [threading.Thread(target=write, args=(i,)) for i in range(args.clients)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert not problems, problems[:3]
        link = connect()
        for client, count in enumerate(counts):
            link.request("GET", f"/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=m{client}")
            points = json.loads(link.getresponse().read()).get("metrics", [])
            assert [m["step"] for m in points] == list(range(count)), f"client {client}"
        server.terminate()
        server.wait()
    times.sort()
    at = lambda share: times[int(len(times) * share)] * 1000
    print(f"{args.clients} clients, {args.seconds:.0f} s: {len(times)} points ({len(times) / args.seconds:.0f} a second), "
          f"median {at(0.5):.2f} ms, p99 {at(0.99):.2f} ms, longest {times[-1] * 1000:.1f} ms; none lost, none twice, none refused")


if __name__ == "__main__":
    main()
