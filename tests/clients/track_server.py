"""Drives the tracking server with MLflow's own Python client.

    python tests/clients/track_server.py PROGRAM        (PROGRAM: `ironbook`, or the example `server` of ironbook-tracking)

Needs the package mlflow (3.x) and, for one part, scikit-learn. Each check prints a line; the first that fails ends the run.
"""
import base64
import json
import math
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import warnings

os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
os.environ["GIT_PYTHON_REFRESH"] = "quiet"

os.environ["MLFLOW_LOGGING_LEVEL"] = "ERROR"
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
warnings.simplefilter("ignore")

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException


class Server:
    """The program under test, on a free port."""

    def __init__(self, program, store, *extra, env=None):
        # `ironbook track server ...`, or the example, which is `track` by itself.
        track = ["track"] if pathlib.Path(program).name == "ironbook" else []
        command = [program, *track, "server", "--port", "0", "--store", str(store), *extra]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(env or {})})
        line = self.process.stdout.readline()
        assert " at http://" in line, f"it did not say where it listens: {line!r}"
        self.uri = line.split(" at ")[1].split(";")[0].strip()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


def raw(uri, method, path, body=None, headers=None):
    """One request without the client: status, headers, body."""
    data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
    kinds = {"Content-Type": "application/json"} if isinstance(body, (dict, list)) else {}
    request = urllib.request.Request(uri + path, data=data, method=method, headers={**kinds, **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def refuses(code, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except MlflowException as error:
        assert error.error_code == code, f"{error.error_code} instead of {code}: {error.message}"
        return error.message
    raise AssertionError(f"{call} should be refused with {code}")


CHECKS = []


def check(call):
    CHECKS.append(call)
    return call


@check
def experiments(uri, client):
    one = client.create_experiment("one", tags={"team": "a"})
    two = client.create_experiment("two", artifact_location="mlflow-artifacts:/elsewhere")
    assert client.get_experiment(one).tags == {"team": "a"}
    assert client.get_experiment_by_name("two").experiment_id == two
    assert client.get_experiment_by_name("none") is None
    refuses("RESOURCE_ALREADY_EXISTS", client.create_experiment, "one")
    refuses("RESOURCE_DOES_NOT_EXIST", client.get_experiment, "12345")
    client.rename_experiment(one, "first")
    client.set_experiment_tag(one, "mlflow.note.content", "text")
    client.set_experiment_tag(one, "gone", "x")
    client.delete_experiment_tag(one, "gone")
    assert client.get_experiment(one).tags == {"team": "a", "mlflow.note.content": "text"}
    found = client.search_experiments(filter_string="tags.team = 'a'")
    assert [e.name for e in found] == ["first"]
    names = [e.name for e in client.search_experiments(filter_string="name LIKE '%t%'", order_by=["name ASC"])]
    assert names == ["Default", "first", "two"], names
    client.delete_experiment(two)
    assert client.get_experiment(two).lifecycle_stage == "deleted"
    assert two in [e.experiment_id for e in client.search_experiments(view_type=ViewType.DELETED_ONLY)]
    client.restore_experiment(two)
    assert client.get_experiment(two).lifecycle_stage == "active"


@check
def runs_and_logging(uri, client):
    experiment = client.create_experiment("runs")
    run = client.create_run(experiment, run_name="a run", tags={"t": "1"}).info.run_id
    client.log_param(run, "lr", 0.1)
    client.log_param(run, "lr", 0.1)
    refuses("INVALID_PARAMETER_VALUE", client.log_param, run, "lr", 0.2)
    for step in range(5):
        client.log_metric(run, "loss", 1 / (step + 1), step=step)
    client.log_metric(run, "nan", math.nan)
    client.log_metric(run, "inf", math.inf)
    client.log_metric(run, "-inf", -math.inf)
    client.set_tag(run, "long", "x" * 7000)
    client.set_tag(run, "gone", "x")
    client.delete_tag(run, "gone")
    now = int(time.time() * 1000)
    client.log_batch(
        run,
        metrics=[Metric("batch", i / 7, now + i, i) for i in range(1000)],
        params=[Param(f"p{i}", str(i)) for i in range(100)],
        tags=[RunTag(f"t{i}", str(i)) for i in range(10)],
    )
    future = client.log_batch(run, metrics=[Metric("later", 1.0, now, 0)], synchronous=False)
    future.wait()
    client.set_terminated(run)
    data = client.get_run(run)
    assert data.info.status == "FINISHED" and data.info.end_time and data.info.run_name == "a run"
    assert data.data.params["lr"] == "0.1" and data.data.params["p99"] == "99"
    assert data.data.metrics["loss"] == 0.2 and data.data.metrics["later"] == 1.0
    assert math.isnan(data.data.metrics["nan"])
    assert data.data.metrics["inf"] >= 1.797e308 and data.data.metrics["-inf"] <= -1.797e308
    assert data.data.tags["long"] == "x" * 7000 and "gone" not in data.data.tags
    history = client.get_metric_history(run, "loss")
    assert [(m.step, m.value) for m in history] == [(s, 1 / (s + 1)) for s in range(5)]
    points = client.get_metric_history(run, "batch")
    assert [(m.step, m.value, m.timestamp) for m in points] == [(i, i / 7, now + i) for i in range(1000)]
    client.update_run(run, name="renamed", status="FAILED")
    assert client.get_run(run).info.run_name == "renamed" and client.get_run(run).data.tags["mlflow.runName"] == "renamed"
    client.delete_run(run)
    refuses("INVALID_PARAMETER_VALUE", client.log_param, run, "z", 1)
    client.restore_run(run)
    client.log_param(run, "z", 1)
    refuses("RESOURCE_DOES_NOT_EXIST", client.get_run, "0" * 32)
    refuses("INVALID_PARAMETER_VALUE", client.log_metric, run, "bad/../key", 1.0)
    many = [Metric("m", float(i), now, i) for i in range(1001)]
    body = {"run_id": run, "metrics": [dict(m) for m in many]}
    status, _, text = raw(uri, "POST", "/api/2.0/mlflow/runs/log-batch", body)
    assert status == 400 and json.loads(text)["error_code"] == "INVALID_PARAMETER_VALUE", text


@check
def fluent_and_nested(uri, client):
    mlflow.set_experiment("fluent")
    with mlflow.start_run(run_name="outer") as outer:
        mlflow.log_params({"a": 1, "b": "two"})
        mlflow.log_metrics({"x": 1.5, "y": 2}, step=3)
        mlflow.log_dict({"k": [1, 2]}, "conf/params.json")
        mlflow.log_text("hello", "notes.txt")
        data = mlflow.data.from_numpy(__import__("numpy").arange(6.0).reshape(3, 2), name="six")
        mlflow.log_input(data, context="training")
        for i in range(3):
            with mlflow.start_run(run_name=f"inner {i}", nested=True):
                mlflow.log_metric("score", i)
    children = client.search_runs(
        [outer.info.experiment_id], f"tags.`mlflow.parentRunId` = '{outer.info.run_id}'", order_by=["metrics.score DESC"]
    )
    assert [r.data.metrics["score"] for r in children] == [2, 1, 0]
    run = client.get_run(outer.info.run_id)
    assert run.inputs.dataset_inputs[0].dataset.name == "six"
    assert run.inputs.dataset_inputs[0].tags[0].value == "training"
    status, _, text = raw(uri, "POST", "/ajax-api/2.0/mlflow/experiments/search-datasets", {"experiment_ids": [run.info.experiment_id]})
    assert status == 200 and json.loads(text)["dataset_summaries"][0]["context"] == "training"
    found = mlflow.search_runs(experiment_names=["fluent"], filter_string="metrics.x > 1 and params.b = 'two'")
    assert list(found["params.a"]) == ["1"]


@check
def search_pages(uri, client):
    experiment = client.create_experiment("pages")
    for i in range(25):
        run = client.create_run(experiment, tags={"even": str(i % 2 == 0)}).info.run_id
        client.log_metric(run, "i", i)
    seen, token = [], None
    while True:
        page = client.search_runs([experiment], order_by=["metrics.i ASC"], max_results=7, page_token=token)
        seen += [r.data.metrics["i"] for r in page]
        token = page.token
        if not token:
            break
    assert seen == list(range(25)), seen
    assert len(client.search_runs([experiment], "tags.even = 'True' and metrics.i >= 10")) == 8
    refuses("INVALID_PARAMETER_VALUE", client.search_runs, [experiment], "metrics.i !! 3")
    refuses("INVALID_PARAMETER_VALUE", client.search_runs, [experiment], max_results=60_000)


@check
def artifacts(uri, client):
    experiment = client.create_experiment("files")
    run = client.create_run(experiment).info.run_id
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        (root / "plain.txt").write_text("plain")
        (root / "name with ä.html").write_text("<script>alert(1)</script>")
        (root / "deep" / "er").mkdir(parents=True)
        (root / "deep" / "er" / "x.bin").write_bytes(bytes(range(256)) * 4000)
        client.log_artifact(run, str(root / "plain.txt"))
        client.log_artifact(run, str(root / "name with ä.html"), "sub dir")
        client.log_artifacts(run, str(root / "deep"), "deep")
        listed = {(f.path, f.is_dir, f.file_size) for f in client.list_artifacts(run)}
        assert listed == {("plain.txt", False, 5), ("sub dir", True, None), ("deep", True, None)}, listed
        assert [f.path for f in client.list_artifacts(run, "deep/er")] == ["deep/er/x.bin"]
        there = pathlib.Path(client.download_artifacts(run, "", str(root)))
        assert (there / "deep/er/x.bin").read_bytes() == bytes(range(256)) * 4000
        assert (there / "sub dir/name with ä.html").read_text() == "<script>alert(1)</script>"
    query = f"/get-artifact?run_id={run}&path=sub%20dir%2Fname%20with%20%C3%A4.html"
    status, headers, _ = raw(uri, "GET", query)
    assert status == 200 and headers["x-content-type-options"] == "nosniff", headers
    assert headers["content-disposition"].startswith("attachment"), headers
    place = client.get_run(run).info.artifact_uri
    repo = mlflow.store.artifact.artifact_repository_registry.get_artifact_repository(place)
    repo.delete_artifacts("deep")
    assert {f.path for f in client.list_artifacts(run)} == {"plain.txt", "sub dir"}
    outside = ["..%2F..%2Fsecret", "%2e%2e/secret", "%252e%252e%252fsecret", "/etc/passwd", "..%5csecret", "%2fetc%2fpasswd", "a/%2e%2e/%2e%2e/b"]
    for path in outside:
        for method, body in (("GET", None), ("PUT", b"x"), ("DELETE", None)):
            status, _, text = raw(uri, method, "/api/2.0/mlflow-artifacts/artifacts/" + path, body)
            assert status in (400, 404), (method, path, status, text)
        status, _, _ = raw(uri, "GET", f"/api/2.0/mlflow-artifacts/artifacts?path={path}")
        assert status == 400, (path, status)
        status, _, _ = raw(uri, "GET", f"/get-artifact?run_id={run}&path={path}")
        assert status == 400, (path, status)
    status, _, text = raw(uri, "POST", f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path=up/x.txt", b"data")
    assert status == 200, text
    assert raw(uri, "GET", f"/get-artifact?run_uuid={run}&path=up/x.txt")[2] == b"data"
    status, _, _ = raw(uri, "POST", f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path=big", b"x" * (10 * 2**20 + 1))
    assert status == 400


class Doubler(mlflow.pyfunc.PythonModel):
    """A model of one line."""

    def predict(self, context, model_input: list[float]) -> list[float]:
        return [2 * x for x in model_input]


@check
def models(uri, client):
    mlflow.set_experiment("models")
    with mlflow.start_run() as run:
        info = mlflow.pyfunc.log_model(name="doubler", python_model=Doubler(), params={"k": 1}, pip_requirements=[])
        mlflow.log_metric("acc", 0.75, model_id=info.model_id)
    logged = client.get_logged_model(info.model_id)
    assert str(logged.status) == "READY" and logged.params == {"k": "1"} and logged.source_run_id == run.info.run_id
    assert [(m.key, m.value) for m in logged.metrics] == [("acc", 0.75)]
    assert client.get_run(run.info.run_id).outputs.model_outputs[0].model_id == info.model_id
    loaded = mlflow.pyfunc.load_model(info.model_uri)
    assert loaded.predict([1.0, 2.5]) == [2.0, 5.0]
    assert mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/doubler").predict([3.0]) == [6.0]
    client.set_logged_model_tags(info.model_id, {"a": "1", "b": "2"})
    client.delete_logged_model_tag(info.model_id, "a")
    assert client.get_logged_model(info.model_id).tags["b"] == "2"
    found = client.search_logged_models([run.info.experiment_id], "metrics.acc > 0.5", order_by=[{"field_name": "metrics.acc"}])
    assert [m.model_id for m in found] == [info.model_id]
    files = client.list_logged_model_artifacts(info.model_id)
    assert "MLmodel" in [f.path for f in files], files
    path = f"/ajax-api/2.0/mlflow/logged-models/{info.model_id}/artifacts/files?artifact_file_path=MLmodel"
    assert b"python_function" in raw(uri, "GET", path)[2]
    other = mlflow.initialize_logged_model(name="other", params={f"p{i}": i for i in range(150)})
    assert len(client.get_logged_model(other.model_id).params) == 150
    client.delete_logged_model(other.model_id)
    refuses("RESOURCE_DOES_NOT_EXIST", client.get_logged_model, other.model_id)


@check
def sklearn_model(uri, client):
    try:
        from sklearn.linear_model import LinearRegression
    except ImportError:
        print("  (left out: no scikit-learn)")
        return
    mlflow.set_experiment("sklearn")
    with mlflow.start_run():
        model = LinearRegression().fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
        info = mlflow.sklearn.log_model(model, name="line", registered_model_name="line", pip_requirements=[])
    assert abs(mlflow.sklearn.load_model("models:/line/1").predict([[10.0]])[0] - 21) < 1e-9
    assert int(info.registered_model_version) == 1


@check
def prompts(uri, client):
    mlflow.genai.register_prompt(name="greet", template="Hello {{name}}", commit_message="first")
    mlflow.genai.register_prompt(name="greet", template="Hi {{name}}")
    mlflow.genai.set_prompt_alias("greet", "prod", 1)
    assert mlflow.genai.load_prompt("prompts:/greet@prod").format(name="x") == "Hello x"
    assert mlflow.genai.load_prompt("greet", version=2).template == "Hi {{name}}"
    assert [p.name for p in mlflow.genai.search_prompts()] == ["greet"]
    assert "greet" not in [m.name for m in client.search_registered_models()], "a prompt is no model to those who ask for models"


@check
def registry(uri, client):
    client.create_registered_model("reg", tags={"a": "1"}, description="first")
    refuses("RESOURCE_ALREADY_EXISTS", client.create_registered_model, "reg")
    mlflow.set_experiment("registry")
    with mlflow.start_run():
        info = mlflow.pyfunc.log_model(name="m", python_model=Doubler(), pip_requirements=[])
    for i in range(3):
        made = mlflow.register_model(info.model_uri, "reg")
        assert int(made.version) == i + 1
    client.set_registered_model_alias("reg", "champion", "2")
    assert int(client.get_model_version_by_alias("reg", "champion").version) == 2
    assert mlflow.pyfunc.load_model("models:/reg@champion").predict([4.0]) == [8.0]
    client.set_registered_model_alias("reg", "champion", "3")
    assert int(client.get_registered_model("reg").aliases["champion"]) == 3
    client.delete_registered_model_alias("reg", "champion")
    refuses("INVALID_PARAMETER_VALUE", client.get_model_version_by_alias, "reg", "champion")
    refuses("INVALID_PARAMETER_VALUE", client.set_registered_model_alias, "reg", "v7", "1")
    client.transition_model_version_stage("reg", "1", "Production")
    client.transition_model_version_stage("reg", "2", "Production", archive_existing_versions=True)
    assert client.get_model_version("reg", "1").current_stage == "Archived"
    latest = {v.current_stage: int(v.version) for v in client.get_latest_versions("reg")}
    assert latest == {"Archived": 1, "Production": 2, "None": 3}, latest
    client.set_model_version_tag("reg", "1", "k", "v")
    client.set_registered_model_tag("reg", "k", "v")
    assert client.get_model_version("reg", "1").tags == {"k": "v"} and client.get_registered_model("reg").tags["k"] == "v"
    client.delete_model_version_tag("reg", "1", "k")
    client.delete_registered_model_tag("reg", "k")
    client.update_model_version("reg", "1", "described")
    client.update_registered_model("reg", "second")
    assert client.get_model_version("reg", "1").description == "described"
    assert [int(v.version) for v in client.search_model_versions("name = 'reg'", order_by=["version_number DESC"])] == [3, 2, 1]
    assert client.get_model_version_download_uri("reg", "1")
    assert b"python_function" in raw(uri, "GET", "/model-versions/get-artifact?name=reg&version=1&path=MLmodel")[2]
    assert raw(uri, "GET", "/model-versions/get-artifact?name=reg&version=1&path=../MLmodel")[0] == 400
    assert [m.name for m in client.search_registered_models("tags.a = '1'")] == ["reg"]
    client.rename_registered_model("reg", "renamed")
    client.delete_model_version("renamed", "1")
    refuses("RESOURCE_DOES_NOT_EXIST", client.get_model_version, "renamed", "1")
    body = {"name": "renamed", "source": "/etc"}
    status, _, text = raw(uri, "POST", "/api/2.0/mlflow/model-versions/create", body)
    assert status == 400, text
    client.delete_registered_model("renamed")
    refuses("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, "renamed")


@check
def traces(uri, client):
    experiment = mlflow.set_experiment("traces").experiment_id

    @mlflow.trace(span_type="LLM", attributes={"n": 1})
    def inner(x):
        return {"doubled": 2 * x}

    @mlflow.trace(name="outer")
    def outer(x):
        return inner(x)["doubled"] + 1

    @mlflow.trace
    def failing():
        raise ValueError("no")

    assert outer(20) == 41
    try:
        failing()
    except ValueError:
        pass
    found = client.search_traces(locations=[experiment])
    assert sorted(str(t.info.state) for t in found) == ["ERROR", "OK"], found
    good = next(t for t in found if t.info.state == "OK")
    trace = client.get_trace(good.info.trace_id)
    names = {s.name: s for s in trace.data.spans}
    assert set(names) == {"outer", "inner"}
    assert names["inner"].parent_id == names["outer"].span_id and names["inner"].span_type == "LLM"
    assert names["inner"].outputs == {"doubled": 40} and names["inner"].attributes["n"] == 1
    assert json.loads(trace.data.response) == 41
    client.set_trace_tag(good.info.trace_id, "k", "v")
    assert client.get_trace(good.info.trace_id).info.tags["k"] == "v"
    assert len(client.search_traces(locations=[experiment], filter_string="tags.k = 'v'")) == 1
    client.delete_trace_tag(good.info.trace_id, "k")
    mlflow.log_feedback(trace_id=good.info.trace_id, name="good", value=True, rationale="it is")
    said = mlflow.log_expectation(trace_id=good.info.trace_id, name="answer", value={"is": 41})
    mlflow.update_assessment(good.info.trace_id, said.assessment_id, mlflow.entities.Expectation(name="answer", value=42))
    kept = {a.name: a for a in client.get_trace(good.info.trace_id).info.assessments}
    assert kept["good"].value is True and kept["good"].rationale == "it is" and kept["answer"].value == 42, kept
    mlflow.delete_assessment(good.info.trace_id, said.assessment_id)
    assert [a.name for a in client.get_trace(good.info.trace_id).info.assessments] == ["good"]
    run = client.create_run(experiment).info.run_id
    client.link_traces_to_run([good.info.trace_id], run)
    linked = client.search_traces(locations=[experiment], run_id=run)
    assert [t.info.trace_id for t in linked] == [good.info.trace_id]
    status, _, text = raw(uri, "GET", f"/ajax-api/3.0/mlflow/get-trace-artifact?request_id={good.info.trace_id}")
    assert status == 200 and len(json.loads(text)["spans"]) == 2
    assert client.delete_traces(experiment, trace_ids=[good.info.trace_id]) == 1
    assert client.delete_traces(experiment, max_timestamp_millis=int(time.time() * 1000) + 10_000) == 1
    assert client.search_traces(locations=[experiment]) == []


@check
def wire(uri, client):
    def code(method, path, body=None, **headers):
        status, _, text = raw(uri, method, path, body, headers)
        return status, json.loads(text)["error_code"]

    assert code("GET", "/api/3.0/mlflow/no/such") == (404, "ENDPOINT_NOT_FOUND")
    assert code("GET", "/api/2.0/mlflow/runs/get") == (400, "INVALID_PARAMETER_VALUE")
    assert code("POST", "/api/2.0/mlflow/runs/create", b"{") == (400, "INVALID_PARAMETER_VALUE")
    assert code("POST", "/api/2.0/mlflow/runs/create", {"experiment_id": 3})[0] == 400
    assert code("POST", "/api/2.0/mlflow/runs/create", {}, Origin="https://evil.example") == (403, "PERMISSION_DENIED")
    assert code("GET", "/api/2.0/mlflow/runs/get", Host="evil.example") == (403, "PERMISSION_DENIED")
    assert raw(uri, "GET", "/health")[2] == b"OK" and raw(uri, "GET", "/version")[2].startswith(b"3.")
    body = {"experiment_id": "0", "nobody_knows": {"this": [1]}}
    status, _, text = raw(uri, "POST", "/ajax-api/2.0/mlflow/runs/create", body)
    assert status == 200
    run = json.loads(text)["run"]["info"]
    for step in range(100):
        client.log_metric(run["run_id"], "curve", step, step=step)
    path = f"/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids={run['run_id']}&run_ids={run['run_id']}&metric_key=curve&max_results=10"
    status, _, text = raw(uri, "GET", path)
    steps = [m["step"] for m in json.loads(text)["metrics"]]
    assert status == 200 and 0 in steps and 99 in steps and len(steps) <= 60, (status, steps)
    query = "query Q($data: MlflowGetRunInput!) { mlflowGetRun(input: $data) { run { info { runName endTime } } } }"
    status, _, text = raw(uri, "POST", "/graphql", {"query": query, "variables": {"data": {"runUuid": run["run_id"]}}})
    info = json.loads(text)["data"]["mlflowGetRun"]["run"]["info"]
    assert status == 200 and info == {"runName": run["run_name"], "endTime": "0"}, text


def strangers(program, root):
    """Tokens and passwords."""
    token = root / "token"
    token.write_text("secret-token\n")
    token.chmod(0o600)
    users = root / "users"
    users.write_text("ann:word\n")
    users.chmod(0o600)
    server = Server(program, root / "guarded", "--token-file", str(token), "--basic", str(users))
    try:
        path = "/api/2.0/mlflow/experiments/search"
        basic = lambda text: {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}
        assert raw(server.uri, "POST", path, {})[0] == 401
        assert raw(server.uri, "POST", path, {}, {"Authorization": "Bearer wrong"})[0] == 401
        assert raw(server.uri, "POST", path, {}, basic("ann:wrong"))[0] == 401
        assert raw(server.uri, "POST", path, {}, {"Authorization": "Bearer secret-token"})[0] == 200
        assert raw(server.uri, "POST", path, {}, basic("ann:word"))[0] == 200
        assert raw(server.uri, "GET", "/health")[0] == 200
        for names in ({"MLFLOW_TRACKING_TOKEN": "secret-token"}, {"MLFLOW_TRACKING_USERNAME": "ann", "MLFLOW_TRACKING_PASSWORD": "word"}):
            os.environ.update(names)
            assert MlflowClient(server.uri).get_experiment("0").name == "Default"
            for name in names:
                del os.environ[name]
    finally:
        assert server.stop() == 0, "it should end well when told to"
    token.chmod(0o644)
    ran = subprocess.run([program, *(["track"] if pathlib.Path(program).name == "ironbook" else []), "server", "--port", "0", "--store", str(root / "x"), "--token-file", str(token)], capture_output=True, text=True)
    assert ran.returncode == 1 and "chmod 600" in ran.stderr, ran


def killed(program, root):
    """What was acknowledged is there after a kill."""
    server = Server(program, root / "killed")
    client = MlflowClient(server.uri)
    run = client.create_run("0").info.run_id
    acknowledged = []

    def write():
        for step in range(100_000):
            try:
                client.log_metric(run, "m", step, step=step)
            except Exception:
                return
            acknowledged.append(step)

    writer = threading.Thread(target=write)
    writer.start()
    while len(acknowledged) < 300:
        time.sleep(0.01)
    server.kill()
    writer.join()
    again = Server(program, root / "killed")
    try:
        steps = [m.step for m in MlflowClient(again.uri).get_metric_history(run, "m")]
        assert steps[: len(acknowledged)] == acknowledged, "an acknowledged point is lost"
        assert len(steps) - len(acknowledged) <= 1, "a point is there twice, or came from nowhere"
    finally:
        again.stop()


def main(program):
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        server = Server(program, root / "store", "--ui", "none")
        os.chdir(root)
        mlflow.set_tracking_uri(server.uri)
        mlflow.set_registry_uri(server.uri)
        try:
            for call in CHECKS:
                start = time.perf_counter()
                call(server.uri, MlflowClient(server.uri))
                print(f"ok  {call.__name__}  {time.perf_counter() - start:.2f} s", flush=True)
        finally:
            code = server.stop()
        assert code == 0, f"the server ended with {code}"
        for call in (strangers, killed):
            call(program, root)
            print(f"ok  {call.__name__}", flush=True)
    print("all is well")


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]))
