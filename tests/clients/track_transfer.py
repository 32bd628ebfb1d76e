"""Import and export, compared by MLflow's own client: what it says of the original and of the copy must be the same.

    python tests/clients/track_transfer.py PROGRAM      (PROGRAM: `ironbook`, or the example `server` of ironbook-tracking)

Needs the package mlflow (3.17). Each check prints a line; the first that fails ends the run.
"""
import hashlib
import json
import math
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings

os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ["MLFLOW_LOGGING_LEVEL"] = "ERROR"
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
os.environ["GIT_PYTHON_REFRESH"] = "quiet"
warnings.simplefilter("ignore")

import mlflow
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, Dataset, DatasetInput, InputTag, LoggedModelInput, LoggedModelOutput, Metric, Param, RunTag, ViewType

POINTS = 500


class Echo(mlflow.pyfunc.PythonModel):
    """A model that answers what it is asked."""

    def predict(self, context, model_input, params=None):
        return model_input


def values(key):
    """A curve with numbers that are none."""
    curve = [math.sin(at / 30) * (at + 1) for at in range(POINTS)]
    if key == "odd":
        curve[7], curve[8], curve[9] = math.nan, math.inf, -math.inf
    return curve


def fill(uri, place):
    """Puts one of everything into MLflow's store at `uri`; local artifacts lie below `place`."""
    before = os.getcwd()
    os.chdir(place)
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    client = MlflowClient(uri, uri)
    first = client.create_experiment("Flüge ✈ 2024", tags={"mlflow.note.content": "Wörter\nand lines", "team": "a b"})
    gone = client.create_experiment("deleted one")
    now = 1_700_000_000_000
    parent = client.create_run(first, start_time=now, tags={"mlflow.user": "mira"}, run_name="parent – größer")
    child = client.create_run(first, start_time=now + 1000, tags={"mlflow.parentRunId": parent.info.run_id}, run_name="child")
    for run in (parent, child):
        for key in ("loss", "odd", "val/acc μ"):
            points = [Metric(key, value, now + at, at - 3 if key == "loss" else at // 2) for at, value in enumerate(values(key))]
            client.log_batch(run.info.run_id, metrics=points)
        client.log_batch(run.info.run_id, params=[Param("long", "x" * 5990 + "öäü"), Param("α/β", "1"), Param("empty", " ")],
                         tags=[RunTag("note", "line\nline ' \" \\ ünï"), RunTag("a/b", "nested"), RunTag("empty", "")])
        data = Dataset("flights", "4fb3f2bb", "local", json.dumps({"uri": "data/ö.parquet"}), '{"mlflow_colspec":[]}', '{"num_rows":3}')
        other = Dataset("plain", "00ff", "code", "{}")
        client.log_inputs(run.info.run_id, [DatasetInput(data, [InputTag("mlflow.data.context", "training")]), DatasetInput(other, [])])
        client.log_text(run.info.run_id, "deep\n", "a/b/c.txt")
        client.log_text(run.info.run_id, "", "empty.txt")
        client.log_dict(run.info.run_id, {"ö": [1, 2]}, "plots/größe.json")
    experiment = mlflow.set_experiment(experiment_id=first)
    with mlflow.start_run(run_name="trained") as trained:
        info = mlflow.pyfunc.log_model(name="echo", python_model=Echo(), pip_requirements=["mlflow"], params={"depth": 3, "rate": 0.1})
        dataset = Dataset("flights", "4fb3f2bb", "local", json.dumps({"uri": "data/ö.parquet"}), '{"mlflow_colspec":[]}', '{"num_rows":3}')
        client.log_inputs(trained.info.run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "eval")])], [LoggedModelInput(info.model_id)])
        client.log_batch(trained.info.run_id, metrics=[Metric("auc", 0.5 + at / 10, now + at, at, model_id=info.model_id) for at in range(3)])
        mlflow.set_logged_model_tags(info.model_id, {"stage": "größer", "kind": "echo"})
    failed = client.create_logged_model(first, name="broken", source_run_id=child.info.run_id, params={"p": "1"}, model_type="tree")
    client.finalize_logged_model(failed.model_id, "FAILED")
    name = "Wetter model"
    client.create_registered_model(name, tags={"owner": "mira"}, description="What it is\nfor.")
    for at in range(4):
        source = f"models:/{info.model_id}" if at == 0 else f"{client.get_run(trained.info.run_id).info.artifact_uri}/part-{at}"
        mlflow.log_text(str(at), f"part-{at}/weights.txt", run_id=trained.info.run_id)
        version = client.create_model_version(name, source, trained.info.run_id, tags={"n": str(at)}, description=f"number {at}",
                                              model_id=info.model_id if at == 0 else None)
    client.delete_model_version(name, "2")
    client.transition_model_version_stage(name, "1", "Production")
    client.transition_model_version_stage(name, "3", "Staging")
    client.set_registered_model_alias(name, "champion", "3")
    client.set_registered_model_alias(name, "old", "1")
    client.create_registered_model("without versions")
    mlflow.genai.register_prompt("greeting", "Say hello to {{name}}", commit_message="first", tags={"lang": "en"}) if "sqlite" in uri else None
    with mlflow.start_run(run_id=trained.info.run_id):
        with mlflow.start_span("answer", span_type="CHAIN", attributes={"k": [1, 2.5, None]}) as root:
            root.set_inputs({"question": "wie groß?"})
            root.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7})
            mlflow.update_current_trace(metadata={"mlflow.trace.session": "s-1", "mlflow.trace.user": "u"}, client_request_id="req-1")
            with mlflow.start_span("look up", span_type="RETRIEVER") as inner:
                inner.set_outputs(["a", {"b": 1}])
                inner.add_event(mlflow.entities.SpanEvent("found", attributes={"n": 2}))
            root.set_outputs("so groß")
    trace = root.trace_id
    client.set_trace_tag(trace, "reviewed", "yes")
    source = AssessmentSource("HUMAN", "mira@example.com")
    mlflow.log_feedback(trace_id=trace, name="helpful", value=True, rationale="It is.", source=source, metadata={"round": "2"})
    mlflow.log_feedback(trace_id=trace, name="scores", value={"a": 0.5}, source=AssessmentSource("CODE", "judge.py"), span_id=root.span_id)
    mlflow.log_expectation(trace_id=trace, name="expected", value="so groß", source=source)
    mlflow.log_expectation(trace_id=trace, name="expected list", value=["a", 1], source=source)
    if "sqlite" in uri:
        client.link_traces_to_run([trace], parent.info.run_id)
    doomed = client.create_run(gone, start_time=now + 5, run_name="goes with its experiment")
    client.log_metric(doomed.info.run_id, "m", 1.5, now, 1)
    client.set_terminated(parent.info.run_id, "FINISHED", now + 9000)
    client.set_terminated(child.info.run_id, "FAILED", now + 8000)
    client.delete_run(child.info.run_id)
    client.delete_experiment(gone)
    os.chdir(before)
    return experiment


def number(value):
    """A number that can be compared; MLflow's database keeps infinities as its largest numbers."""
    if value is None or math.isnan(value):
        return str(value)
    return str(value) if abs(value) < 1.797e308 else ("inf" if value > 0 else "-inf")


def files(list_all, fetch):
    """Path and fingerprint of all files."""
    found, waiting = {}, [None]
    while waiting:
        for entry in list_all(waiting.pop()):
            if entry.is_dir:
                waiting.append(entry.path)
            else:
                found[entry.path] = None
    with tempfile.TemporaryDirectory() as directory:
        for path in found:
            found[path] = hashlib.sha256(pathlib.Path(fetch(path, directory)).read_bytes()).hexdigest()[:12]
    return found


def pages(call, **kwargs):
    token, found = None, []
    while True:
        page = call(page_token=token, **kwargs)
        found.extend(page)
        token = page.token
        if not token:
            return found


def described_run(client, run, links):
    info, data = run.info, run.data
    history = {}
    for key in data.metrics:
        history[key] = sorted((m.step, m.timestamp, number(m.value)) for m in client.get_metric_history(info.run_id, key))
    inputs = sorted((i.dataset.name, i.dataset.digest, i.dataset.source_type, i.dataset.source, i.dataset.schema, i.dataset.profile,
                     sorted((t.key, t.value) for t in i.tags)) for i in (run.inputs.dataset_inputs if run.inputs else []))
    traces = [] if not links else [t.info.trace_id for t in client.search_traces(locations=[info.experiment_id], run_id=info.run_id, include_spans=False)]
    return {
        "traces": sorted(traces), "name": info.run_name, "user": info.user_id, "status": info.status, "times": [info.start_time, info.end_time], "stage": info.lifecycle_stage,
        "experiment": info.experiment_id, "params": data.params, "tags": data.tags, "latest": {k: number(v) for k, v in data.metrics.items()}, "history": history,
        "datasets": inputs, "model inputs": sorted(m.model_id for m in (run.inputs.model_inputs if run.inputs else []) or []),
        "model outputs": sorted((m.model_id, m.step) for m in (run.outputs.model_outputs if run.outputs else []) or []),
        "files": files(lambda path: client.list_artifacts(info.run_id, path), lambda path, to: client.download_artifacts(info.run_id, path, to)),
    }


def described_model(client, model):
    def fetch(path, to):
        return mlflow.artifacts.download_artifacts(artifact_uri=f"{model.artifact_location}/{path}", dst_path=to, tracking_uri=client.tracking_uri)

    latest = {}
    for m in model.metrics or []:
        key = (m.key, m.run_id, str(m.dataset_name), str(m.dataset_digest))
        latest[key] = max(latest.get(key, (-1 << 60, 0, "")), (m.step, m.timestamp, number(m.value)))
    return {
        "name": model.name, "status": str(model.status), "type": model.model_type or "", "run": model.source_run_id, "experiment": model.experiment_id,
        "times": [model.creation_timestamp, model.last_updated_timestamp], "params": model.params, "tags": {k: v for k, v in model.tags.items()},
        "metrics": sorted(map(str, latest.items())), "files": files(lambda path: client.list_logged_model_artifacts(model.model_id, path), fetch),
    }


def described_version(client, version):
    with tempfile.TemporaryDirectory() as directory:
        try:
            uri = client.get_model_version_download_uri(version.name, version.version)
            got = pathlib.Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=directory, tracking_uri=client.tracking_uri))
            content = {str(p.relative_to(got)): hashlib.sha256(p.read_bytes()).hexdigest()[:12] for p in sorted(got.rglob("*")) if p.is_file()}
        except Exception as error:
            content = f"none: {type(error).__name__}"
    return {"stage": version.current_stage, "description": version.description or "", "run": version.run_id or "", "status": version.status, "tags": version.tags,
            "aliases": sorted(version.aliases), "times": [version.creation_timestamp, version.last_updated_timestamp], "files": content}


def described_trace(client, trace):
    info = trace.info
    hidden = {"mlflow.artifactLocation", "mlflow.trace.spansLocation"}
    assessments = []
    for a in info.assessments:
        said = a.to_dictionary()
        said.pop("assessment_id")
        if "expectation" in said:
            # Over REST, MLflow's client does not read it.
            said.pop("valid", None)
        assessments.append(json.dumps(said, sort_keys=True))
    spans = []
    for span in trace.data.spans:
        said = span.to_dict()
        spans.append(json.dumps({k: v for k, v in said.items() if k != "links" or v}, sort_keys=True))
    return {"experiment": info.experiment_id, "times": [info.request_time, info.execution_duration], "state": str(info.state), "previews": [info.request_preview, info.response_preview],
            "client": info.client_request_id, "tags": {k: v for k, v in info.tags.items() if k not in hidden},
            "metadata": {k: v for k, v in info.trace_metadata.items() if k != "mlflow.trace.sizeBytes" and k != "mlflow.trace.sizeStats"},
            "assessments": sorted(assessments), "spans": sorted(spans)}


def describe(uri, place, links=True):
    """Everything that MLflow's client says of a store; `links` of traces to runs are unknown to MLflow's files."""
    before = os.getcwd()
    os.chdir(place)
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    client = MlflowClient(uri, uri)
    said = {"experiments": {}, "runs": {}, "models": {}, "registered": {}, "versions": {}, "traces": {}}
    for experiment in pages(client.search_experiments, view_type=ViewType.ALL):
        named = {"id": experiment.experiment_id, "stage": experiment.lifecycle_stage, "tags": experiment.tags}
        if experiment.name != "Default":
            named["times"] = [experiment.creation_time, experiment.last_update_time]
        said["experiments"][experiment.name] = named
        for run in pages(client.search_runs, experiment_ids=[experiment.experiment_id], run_view_type=ViewType.ALL):
            said["runs"][run.info.run_id] = described_run(client, client.get_run(run.info.run_id), links)
        if experiment.lifecycle_stage == "active":
            for model in pages(client.search_logged_models, experiment_ids=[experiment.experiment_id]):
                said["models"][model.model_id] = described_model(client, client.get_logged_model(model.model_id))
            for trace in pages(client.search_traces, locations=[experiment.experiment_id], include_spans=True):
                said["traces"][trace.info.trace_id] = described_trace(client, trace)
    asked = "tags.`mlflow.prompt.is_prompt` = 'true'"
    for filter in ("", asked):
        for model in pages(client.search_registered_models, filter_string=filter):
            said["registered"][model.name] = {"description": model.description or "", "times": [model.creation_timestamp, model.last_updated_timestamp], "tags": model.tags,
                                              "prompt": bool(filter), "aliases": {k: str(v) for k, v in model.aliases.items()}}
            named = f"name = '{model.name}'" + (f" AND {asked}" if filter else "")
            for version in pages(client.search_model_versions, filter_string=named):
                said["versions"][f"{model.name}/{version.version}"] = described_version(client, version if filter else client.get_model_version(version.name, version.version))
    os.chdir(before)
    return said


def differences(one, other, path=""):
    """Where two descriptions differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(set(one) ^ set(other), key=str):
            yield f"{path}/{key} is {'lost' if key in one else 'new'}"
        for key in set(one) & set(other):
            yield from differences(one[key], other[key], f"{path}/{key}")
    else:
        one, other = (json.loads(json.dumps(side, default=str)) for side in (one, other))
        if one != other:
            yield f"{path}: {str(one)[:1500]} became {str(other)[:1500]}"


def same(what, one, other):
    """Compares, and says where two descriptions differ."""
    found = list(differences(one, other))
    assert not found, f"{what}:\n" + "\n".join(found[:40])


class Server:
    """A tracking server on a free port."""

    def __init__(self, command, ready=120):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.uri = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([part.replace("{port}", str(port)) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + ready
        while True:
            try:
                urllib.request.urlopen(f"{self.uri}/health", timeout=2).read()
                return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < deadline, f"no server came up: {command}"
                time.sleep(0.2)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Program:
    def __init__(self, path):
        self.track = [path, "track"] if pathlib.Path(path).name == "ironbook" else [path]

    def run(self, *args, status=0, cwd=None):
        env = {**os.environ, "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"}
        done = subprocess.run([*self.track, *map(str, args)], capture_output=True, text=True, cwd=cwd, env=env)
        assert done.returncode == status, f"{args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def serve(self, store):
        return Server([*self.track, "server", "--port", "{port}", "--store", str(store), "--ui", "none"])


def as_before(said):
    """A description of a server that gave ids of its own, with those that things had before."""
    origin = {}
    for kind in ("runs", "models"):
        for new, thing in said[kind].items():
            origin[new] = thing["tags"].pop("ironbook.imported.from")
            # A server notes itself which versions are made of a model.
            thing["tags"].pop("mlflow.modelVersions", None)
    for version in said["versions"].values():
        version["tags"].pop("ironbook.imported.from")
    text = json.dumps(said, default=str)
    for new, old in origin.items():
        text = text.replace(new, old)
    return json.loads(text)


def without_own(said):
    """What a server cannot be told: when things were made and changed, and ids of assessments."""
    said = json.loads(json.dumps(said, default=str))
    for kind in ("experiments", "models", "registered", "versions"):
        for thing in said[kind].values():
            thing.pop("times", None)
    for trace in said["traces"].values():
        kept = []
        for text in trace["assessments"]:
            fields = json.loads(text)
            fields.pop("create_time")
            fields.pop("last_update_time")
            kept.append(json.dumps(fields, sort_keys=True))
        trace["assessments"] = sorted(kept)
    return said


def check(name, action):
    began = time.monotonic()
    action()
    print(f"ok   {name} ({time.monotonic() - began:.1f} s)", flush=True)


def main():
    program, place = Program(os.path.abspath(sys.argv[1])), pathlib.Path(tempfile.mkdtemp(prefix="transfer-"))
    only = set(sys.argv[2:])
    wanted = lambda name: not only or name in only
    try:
        originals = {}
        for kind in ("sqlite", "mlruns"):
            if not wanted(kind) and not (kind == "sqlite" and wanted("http")):
                continue
            home = place / kind
            home.mkdir()
            uri = f"sqlite:///{home}/mlflow.db" if kind == "sqlite" else f"file://{home}/mlruns"
            fill(uri, home)
            originals[kind] = (uri, home, describe(uri, home, kind == "sqlite"))
            print(f"made {kind}", flush=True)

        def into(kind):
            uri, home, said = originals[kind]
            source = uri if kind == "sqlite" else home / "mlruns"
            store = place / f"store-{kind}"
            program.run("import", source, "--store", store, cwd=home)
            with program.serve(store) as server:
                copied = describe(server.uri, place, kind == "sqlite")
            same(f"import from {kind}", said, copied)

        def again(kind):
            uri, home, said = originals[kind]
            source = uri if kind == "sqlite" else home / "mlruns"
            store = place / f"store-{kind}"
            words = program.run("import", source, "--store", store, cwd=home)
            assert "nothing new" in words, words
            with program.serve(store) as server:
                same(f"second import from {kind}", said, describe(server.uri, place, kind == "sqlite"))

        def out_to_database(kind):
            _, _, said = originals[kind]
            target = place / f"out-{kind}.db"
            program.run("export", f"sqlite:///{target}", "--store", place / f"store-{kind}", cwd=place)
            same(f"export of {kind} to a database", said, describe(f"sqlite:///{target}", place, kind == "sqlite"))
            words = program.run("export", f"sqlite:///{target}", "--store", place / f"store-{kind}", cwd=place)
            assert "nothing new" in words, words

        def out_to_files(kind):
            _, _, said = originals[kind]
            target = place / f"out-{kind}" / "mlruns"
            # MLflow's files have no place for links between traces and runs: the exit status says that something is missing.
            words = program.run("export", target, "--store", place / f"store-{kind}", cwd=place, status=3 if kind == "sqlite" else 0)
            assert kind != "sqlite" or "1 links of traces to runs" in words, words
            said = json.loads(json.dumps(said, default=str))
            for run in said["runs"].values():
                run["traces"] = []
            same(f"export of {kind} to files", said, json.loads(json.dumps(describe(f"file://{target}", place, links=False), default=str)))

        def over_http():
            uri, home, said = originals["sqlite"]
            with Server([sys.executable, "-m", "mlflow", "server", "--workers", "1", "--port", "{port}", "--backend-store-uri", uri]) as server:
                program.run("import", server.uri, "--store", place / "store-http", cwd=place)
            with program.serve(place / "store-http") as server:
                same("import over http", said, describe(server.uri, place))

        def to_server():
            uri, home, said = originals["sqlite"]
            there = place / "there"
            there.mkdir()
            command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--port", "{port}", "--backend-store-uri", f"sqlite:///{there}/mlflow.db",
                       "--artifacts-destination", str(there / "artifacts")]
            with Server(command) as server:
                program.run("import", uri, "--to", server.uri, cwd=home)
                words = program.run("import", uri, "--to", server.uri, cwd=home)
                assert "nothing new" in words, words
                same("import into a server", without_own(said), without_own(as_before(describe(server.uri, place))))

        for kind in originals:
            if wanted(kind):
                check(f"import from {kind}", lambda: into(kind))
                check(f"import from {kind} again", lambda: again(kind))
                check(f"export of {kind} to a database of MLflow", lambda: out_to_database(kind))
                check(f"export of {kind} to MLflow's files", lambda: out_to_files(kind))
        if wanted("http"):
            check("import from a server of MLflow", over_http)
            check("import into a server of MLflow", to_server)
        print("all good")
    finally:
        if os.environ.get("KEEP"):
            print(f"kept {place}")
        else:
            shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
