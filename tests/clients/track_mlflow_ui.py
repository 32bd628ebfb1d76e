"""MLflow's own page on the tracking server, in a headless Chromium: no request of it may fail, and each page shows what was logged.

    python tests/clients/track_mlflow_ui.py PROGRAM [BUILD]      (BUILD: the directory mlflow/server/js/build of an installed MLflow)

PROGRAM is `ironbook`, or the example `server` of ironbook-tracking. Needs playwright, and Debian's chromium. IRONBOOK_SHOTS
names a directory for screenshots.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

from playwright.sync_api import sync_playwright

# Asked for by the page, and answered with 404 by MLflow's own server too where nobody logs in.
EXPECTED = "/ajax-api/2.0/mlflow/users/current"


def compiled():
    """The compiled page of the MLflow that this Python has."""
    import importlib.util

    package = importlib.util.find_spec("mlflow").submodule_search_locations[0]
    return os.path.join(package, "server", "js", "build")


def call(base, method, path, body=None, kind="application/json", **headers):
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    request = urllib.request.Request(base + path, data, method=method, headers={"Content-Type": kind, **headers})
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text.startswith(b"{") else text


def fill(base):
    """Two runs with curves and files, a model with a version, a trace."""
    api = lambda path, body: call(base, "POST", "/api/2.0/mlflow/" + path, body)
    experiment = api("experiments/create", {"name": "shown"})["experiment_id"]
    runs = []
    for i in range(2):
        run = api("runs/create", {"experiment_id": experiment, "run_name": f"tidy run {i}", "start_time": 1_800_000_000_000 + i})
        run = run["run"]["info"]["run_id"]
        runs.append(run)
        points = [{"key": "loss", "value": 1 / (s + 1 + i), "timestamp": 1_800_000_000_000 + s, "step": s} for s in range(300)]
        api("runs/log-batch", {"run_id": run, "metrics": points, "params": [{"key": "rate", "value": f"0.{i + 1}"}]})
        files = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts"
        call(base, "PUT", files + "/data/table.csv", b"left,right\n17,23\n", "text/csv")
        api("runs/update", {"run_id": run, "status": "FINISHED", "end_time": 1_800_000_001_000})
    model = api("logged-models", {"experiment_id": experiment, "name": "tidy model", "source_run_id": runs[0]})
    model = model["model"]["info"]["model_id"]
    files = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/models/{model}/artifacts"
    call(base, "PUT", files + "/MLmodel", b"artifact_path: model\nflavors: {}\nmodel_id: none\n", "text/plain")
    call(base, "PATCH", f"/api/2.0/mlflow/logged-models/{model}", {"model_id": model, "status": 2})
    api("runs/outputs", {"run_id": runs[0], "models": [{"model_id": model}]})
    api("registered-models/create", {"name": "kept-model"})
    api("model-versions/create", {"name": "kept-model", "source": f"models:/{model}", "model_id": model, "run_id": runs[0]})
    api("registered-models/alias", {"name": "kept-model", "alias": "champion", "version": "1"})
    now = int(__import__("time").time()) * 10**9
    span = {"traceId": "ab" * 16, "spanId": "cd" * 8, "name": "tidy span", "startTimeUnixNano": str(now), "endTimeUnixNano": str(now + 10**9)}
    span["attributes"] = [{"key": "mlflow.spanInputs", "value": {"stringValue": "what was asked"}}]
    spans = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    call(base, "POST", "/v1/traces", spans, **{"x-mlflow-experiment-id": experiment})
    return experiment, runs, model


def pages(experiment, runs, model):
    """Name, address, and what must be seen."""
    of = f"/#/experiments/{experiment}"
    both = json.dumps(runs).replace('"', "%22").replace(" ", "")
    return [
        ("experiments", "/#/experiments", "shown"),
        ("runs", f"{of}/runs", "tidy run 1"),
        ("chart", f"{of}/runs?compareRunsMode=CHART", "loss"),
        ("run", f"{of}/runs/{runs[0]}", "tidy run 0"),
        ("metrics", f"{of}/runs/{runs[0]}/model-metrics", "loss"),
        ("artifacts", f"{of}/runs/{runs[0]}/artifacts/data/table.csv", "23"),
        ("compare", f"/#/compare-runs?runs={both}&experiments=[%22{experiment}%22]", "tidy run 1"),
        ("models", "/#/models", "kept-model"),
        ("model", "/#/models/kept-model", "champion"),
        ("version", "/#/models/kept-model/versions/1", "Version 1"),
        ("logged", f"{of}/models/{model}", "tidy model"),
        ("traces", f"{of}/traces", "what was asked"),
        ("trace", f"{of}/traces?selectedEvaluationId=tr-{'ab' * 16}", "tidy span"),
        ("datasets", f"{of}/datasets", "Datasets"),
    ]


def look(browser, base, name, address, text):
    failed, errors = [], []
    page = browser.new_page(viewport={"width": 1500, "height": 950})
    ours = lambda url: url.startswith(base) and not url.startswith(base + EXPECTED)
    page.on("response", lambda r: failed.append(f"{r.status} {r.url}") if r.status >= 400 and ours(r.url) else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(base + address)
    page.get_by_text(text).first.wait_for(timeout=60_000)
    page.wait_for_timeout(1500)
    if "IRONBOOK_SHOTS" in os.environ:
        page.screenshot(path=f"{os.environ['IRONBOOK_SHOTS']}/mlflow-{name}.png")
    page.close()
    assert not failed and not errors, (name, failed, errors)
    print(f"ok  {name}", flush=True)


def main(program, build):
    track = ["track"] if pathlib.Path(program).name == "ironbook" else []
    with tempfile.TemporaryDirectory() as directory:
        command = [program, *track, "server", "--port", "0", "--store", directory, "--ui", "mlflow", "--mlflow-ui", build]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            base = server.stdout.readline().split(" at ")[1].split(";")[0].strip()
            shown = pages(*fill(base))
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
                for name, address, text in shown:
                    look(browser, base, name, address, text)
        finally:
            server.terminate()
            server.wait()
    print("all is well")


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else compiled())
