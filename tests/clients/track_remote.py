"""Runs of a notebook that go to a tracking server: while it is there, while it is away, and after it came back.

    python tests/clients/track_remote.py IRONBOOK

The server is MLflow's own the first time and Ironbook's the second. Needs the package mlflow.
"""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
import mlflow

SCRIPT = r"""
%track start remote --name NAME
%track param lr=0.5
for step in 0..500 {
    %track log loss=1.0 / (step + 1) as f64 --step step
}
track::log_artifact("note.txt")?;
let data = Dataset::from_parts(Matrix::from_columns(vec![("x".to_owned(), (0..50).map(f64::from).collect())])?, (0..50).map(|i| f64::from(i % 2)).collect(), "y");
let model = DecisionTree::params().fit(&data)?;
eval::evaluate(&model, &data)?;
ironbook::models::register(&model, "remote", Some("champion"))?;
%track end
"""


class Place:
    """A project, and the port of a server that may run."""

    def __init__(self, ironbook):
        self.ironbook = ironbook
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ironbook-remote-"))
        (self.folder / "project" / ".git").mkdir(parents=True)
        (self.folder / "project" / "note.txt").write_text("kept")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self.port}"
        self.server = None

    def run(self, name, end=True):
        script = self.folder / "project" / "run.rs"
        text = SCRIPT.replace("NAME", name)
        script.write_text(text if end else text.replace("%track end\n", ""))
        began = time.time()
        self.command("run", "run.rs")
        return time.time() - began

    def command(self, *words):
        environment = {**os.environ, "MLFLOW_TRACKING_URI": self.uri}
        done = subprocess.run([self.ironbook, *words], cwd=self.folder / "project", env=environment, text=True,
                              capture_output=True, timeout=300)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def start(self, command):
        self.server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       start_new_session=True)
        for _ in range(1200):
            try:
                return urllib.request.urlopen(f"{self.uri}/health", timeout=1)
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the server does not answer")

    def stop(self):
        if self.server:
            os.killpg(self.server.pid, 9)
            self.server.wait()
            self.server = None


def check(place, names):
    mlflow.set_tracking_uri(place.uri)
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("remote")
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert set(runs) == set(names), set(runs)
    for name, run in runs.items():
        id = run.info.run_id
        assert run.info.status == "FINISHED" and run.data.params["lr"] == "0.5", run
        assert run.data.params["model"] == "DecisionTree" and run.data.metrics["roc_auc"] > 0.4, run.data
        history = client.get_metric_history(id, "loss")
        assert sorted(point.step for point in history) == list(range(500)), (name, len(history))
        assert {round(point.value * (point.step + 1), 9) for point in history} == {1.0}
        files = {entry.path for entry in client.list_artifacts(id)}
        assert {"note.txt", "cells", "evaluation.html"} <= files, files
        path = client.download_artifacts(id, "note.txt", tempfile.mkdtemp(dir=place.folder))
        assert pathlib.Path(path).read_text() == "kept"
        assert len(run.outputs.model_outputs) == 1, run.outputs
    versions = client.search_model_versions("name = 'remote'")
    assert len(versions) == len(names), versions
    assert client.get_model_version_by_alias("remote", "champion").version == str(len(names))


def go(ironbook, command):
    place = Place(ironbook)
    server = command(place)
    try:
        place.start(server)
        place.run("there")
        check(place, ["there"])
        place.stop()
        seconds = place.run("away")
        assert seconds < 120, f"the run waited for a server that is away: {seconds:.0f} s"
        waiting = place.command("track", "status")
        assert place.uri in waiting and "wait" in waiting, waiting
        # This one is ended by the end of its session; what waits must not be taken for a run whose process died.
        place.run("left", end=False)
        place.start(server)
        place.run("after")
        place.command("track", "sync")
        again = place.command("track", "sync")
        check(place, ["there", "away", "left", "after"])
        print(f"ok  {server[0]}: away {seconds:.0f} s; then: {again.strip()}")
    finally:
        place.stop()
        shutil.rmtree(place.folder, ignore_errors=True)


def main():
    ironbook = sys.argv[1]
    mlflows = lambda place: [
        sys.executable, "-m", "mlflow", "server", "--port", str(place.port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{place.folder}/mlflow.db", "--artifacts-destination", f"{place.folder}/files",
    ]
    ours = lambda place: [ironbook, "track", "server", "--port", str(place.port), "--store", f"{place.folder}/store"]
    go(ironbook, ours)
    go(ironbook, mlflows)


main()
