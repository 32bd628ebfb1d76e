"""Writes search.json: what MLflow finds, in which order, or that it refuses, for many filters and orders.

pip install mlflow-skinny==3.17.2 sqlalchemy alembic sqlparse; the store is a scratch SQLite file. Things are named by
numbers ("r0", "e1", ...), since ids are made up by each store; the Rust test makes the same things and compares.
"""

import json
import logging
import pathlib
import tempfile

from mlflow.entities import (
    Dataset,
    DatasetInput,
    ExperimentTag,
    InputTag,
    LoggedModelParameter,
    LoggedModelTag,
    Metric,
    Param,
    RunTag,
    TraceInfo,
    TraceLocation,
    TraceState,
    ViewType,
)
from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag
from mlflow.exceptions import MlflowException
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as RegistryStore
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

logging.disable(logging.CRITICAL)

# What there is. `null` metrics are NaN, which JSON does not have.
DATA = {
    "experiments": [
        {"name": "alpha", "tags": {"team": "x", "a b": "it's"}},
        {"name": "Beta", "tags": {"team": "y"}},
        {"name": "gamma 100%", "tags": {}},
        {"name": "alpine", "tags": {"team": "X"}},
    ],
    "runs": [
        {"name": "one", "start": 100, "end": 900, "status": "FINISHED", "user": "ada",
         "metrics": {"auc": 0.9, "loss": 0.25, "val/loss": 1.0}, "params": {"model": "gbdt", "depth": "10", "a b": "x y"},
         "tags": {"team": "x", "note": "100%"}, "datasets": [["iris", "abc", "training"]]},
        {"name": "two", "start": 200, "end": 800, "status": "FAILED", "user": "bob",
         "metrics": {"auc": 0.5, "loss": None}, "params": {"model": "GBDT", "depth": "9"},
         "tags": {"team": "y"}, "datasets": [["iris", "def", "eval"], ["wine", "abc", "training"]]},
        {"name": "three", "start": 200, "end": None, "status": "RUNNING", "user": "ada",
         "metrics": {"auc": None, "loss": -1.5}, "params": {"model": "linear", "depth": "3", "empty": ""},
         "tags": {"team": "x"}, "datasets": []},
        {"name": "Four", "start": 300, "end": 700, "status": "KILLED", "user": "",
         "metrics": {"auc": 0.9, "big": 1e300}, "params": {"model": "it's", "depth": "100"},
         "tags": {"quote": 'say "hi"', "team": "z_1"}, "datasets": [["Iris", "abc", "training"]]},
        {"name": "five", "start": 400, "end": 400, "status": "FINISHED", "user": "eve", "metrics": {}, "params": {},
         "tags": {}, "datasets": []},
        {"name": "six", "start": 500, "end": 600, "status": "SCHEDULED", "user": "eve",
         "metrics": {"auc": 0.0, "loss": 0.0}, "params": {"model": "größe"}, "tags": {"team": "zz1"}, "datasets": []},
    ],
    "registered": [
        {"name": "b model", "tags": {"team": "x"}, "versions": [{"tags": {"kind": "old"}}, {"tags": {"kind": "new"}}]},
        {"name": "a model", "tags": {"team": "y"}, "versions": [{"tags": {}}]},
        {"name": "C model", "tags": {}, "versions": []},
        {"name": "prompt", "tags": {"mlflow.prompt.is_prompt": "true"},
         "versions": [{"tags": {"mlflow.prompt.is_prompt": "true"}}]},
    ],
    "models": [
        {"name": "first", "type": "gbdt", "params": {"depth": "1"}, "tags": {"kind": "a"},
         "metrics": [["auc", 0.9, 10, 0, None], ["auc", 0.2, 20, 1, None], ["iris", 0.5, 10, 0, ["iris", "abc"]]]},
        {"name": "second", "type": "linear", "params": {"depth": "2"}, "tags": {"kind": "b"},
         "metrics": [["auc", 0.8, 10, 0, None], ["iris", 0.7, 10, 0, ["iris", "def"]]]},
        {"name": "Third", "type": "gbdt", "params": {}, "tags": {}, "metrics": []},
    ],
    "traces": [
        {"at": 1000, "duration": 50, "state": "OK", "tags": {"kind": "chat", "mlflow.traceName": "ask"},
         "metadata": {"user": "ada"}},
        {"at": 3000, "duration": 500, "state": "ERROR", "tags": {"kind": "batch", "mlflow.traceName": "Ask"},
         "metadata": {"user": "bob", "a b": "c"}},
        {"at": 2000, "duration": None, "state": "IN_PROGRESS", "tags": {"mlflow.traceName": "tell"}, "metadata": {}},
    ],
}  # fmt: skip

RUNS = [
    # metrics
    "", "metrics.auc > 0.5", "metric.auc >= 0.9", "metrics.auc < 0.9", "metrics.auc <= 0.5", "metrics.auc = 0.9",
    "metrics.auc != 0.9", "metrics.auc = 0", "metrics.auc != 0", "metrics.loss < 0", "metrics.loss > -2",
    "metrics.loss = -1.5", "metrics.big > 1e299", "metrics.big = 1e300", "metrics.`val/loss` = 1",
    'metrics."val/loss" = 1', "metrics.absent > 0", "metrics.absent != 0", "metrics.auc > .5", "metrics.auc>0.5",
    "metrics.loss >= 0 AND metrics.auc < 1", "metrics.auc > 0.5 and metrics.loss < 0.5", "`metrics`.auc > 0.5",
    # params
    "params.model = 'gbdt'", "param.model != 'gbdt'", "parameter.model = 'GBDT'", "parameters.model = \"linear\"",
    "params.model LIKE 'gb%'", "params.model ILIKE 'gb%'", "params.model LIKE '%d_t'", "params.model like 'GB%'",
    "params.model ilike 'LIN%'", "params.depth = '10'", "params.depth != '10'", "params.`a b` = 'x y'",
    "params.\"a b\" = 'x y'", "params.model = \"it's\"", "params.empty = ''", "params.model IS NULL",
    "params.model IS NOT NULL", "params.model is null", "params.absent = 'x'", "params.model = 'größe'",
    "params.model LIKE 'gr%e'", "params.model ILIKE 'GRÖSSE'", "params.depth LIKE '1%'",
    # tags
    "tags.team = 'x'", "tag.team != 'x'", "tags.team LIKE 'z_1'", "tags.note LIKE '100%'", "tags.quote = 'say \"hi\"'",
    "tags.team IS NULL", "tags.team IS NOT NULL AND params.model IS NULL", "tags.`mlflow.runName` = 'one'",
    "tags.mlflow.runName LIKE '%o%'",
    # attributes
    "attributes.status = 'FINISHED'", "attribute.status != 'FINISHED'", "attr.status LIKE 'F%'", "status = 'KILLED'",
    "run.status ILIKE 'running'", "attributes.run_name = 'one'", "run_name LIKE 'F%'", "run_name ILIKE 'f%'",
    "attributes.`run name` = 'two'", "attributes.`Run Name` != 'two'", "attributes.start_time > 200",
    "start_time >= 200 AND start_time <= 300", "attributes.created = 400", "attributes.end_time < 800",
    "attributes.end_time != 800", "attributes.user_id = 'ada'", "user_id LIKE 'e%'", "start_time > 199.5",
    "run_name IN ('one')", "status IN ('FINISHED')", "attributes.run_id = 'nothing'", "attributes.run_id != 'nothing'",
    "run_id IN ('nothing')", "run_id NOT IN ('nothing')", "run_id not in ('a', \"b\")",
    # datasets
    "dataset.name = 'iris'", "datasets.name != 'iris'", "dataset.name LIKE 'i%'", "dataset.name ILIKE 'IRIS'",
    "dataset.digest = 'abc'", "dataset.context = 'training'", "dataset.context != 'training'",
    "dataset.name IN ('iris', 'wine')", "dataset.name NOT IN ('iris')", "dataset.digest IN ('def')",
    "dataset.name = 'iris' AND dataset.context = 'eval'", "dataset.context LIKE 'tr%' AND metrics.auc > 0.8",
    "dataset.name = 'wine' AND dataset.digest = 'def'",
    # refused
    "metrics.auc > '0.5'", "metrics.auc LIKE '0'", "metrics.auc IS NULL", "metrics.auc IN (1)", "metrics.auc = auc",
    "params.model = gbdt", "params.depth = 10", "params.depth > '10'", "params.model IN ('gbdt')", "tags.team > 'x'",
    "tags.team = 1", "tags.team BETWEEN 'a' AND 'b'", "status > 'A'", "status IS NULL", "start_time = '200'",
    "start_time LIKE '2'", "attributes.nothing = 'x'", "nothing = 'x'", "things.a = 'x'", "Metrics.auc > 1",
    "dataset.size = 'x'", "dataset.name > 'x'", "dataset.name IS NULL", "run_id IN ()", "run_id IN (1)",
    "run_id IN 'x'", "metrics.auc >", "> 5", "metrics.auc", "metrics.auc == 1", "metrics.auc <> 1", "0.5 < metrics.auc",
    "metrics.a/b > 1", "metrics.a-b > 1", "metrics.auc > 1; metrics.loss > 1", "metrics.auc > 1, metrics.loss > 1",
    "params.model = 'open", "params.model = `gbdt`", "metrics.auc > inf", "metrics.auc > 1 XOR metrics.loss > 1",
    "params.model REGEXP 'x'", "params.model RLIKE 'x'", "hello world", "'a' = 'a'", "1 = 1", "metrics. > 1",
    "params.model = 'a' --", "*",
]  # fmt: skip

RUN_ORDERS = [
    ["metrics.auc"], ["metrics.auc ASC"], ["metrics.auc DESC"], ["metrics.loss DESC", "start_time ASC"],
    ["params.model"], ["params.model DESC"], ["params.depth ASC"], ["tags.team DESC"], ["tags.team", "metrics.auc DESC"],
    ["attributes.start_time"], ["start_time DESC"], ["attributes.end_time ASC"], ["end_time DESC"], ["status"],
    ["status DESC", "run_name"], ["run_name asc"], ["attribute.run_name desc"], ["metrics.`val/loss` DESC"],
    ["params.`a b`"], ["metrics.absent"], ["created DESC"], ["user_id"], ["metric.auc", "param.model DESC", "tag.team"],
    ["`metrics`.auc DESC"], ['metrics."val/loss"'],
    # refused
    ["nothing"], ["metrics.auc SIDEWAYS"], ["metrics.auc ASC DESC"], ["dataset.name"], ["metrics.auc, metrics.loss"],
    ["things.a"], ["metrics.auc", "metrics.auc DESC"], ["5"], ["'x'"], ["attributes.nothing"], ["(metrics.auc)"],
]  # fmt: skip

EXPERIMENTS = [
    ("", []), ("name = 'alpha'", []), ("attribute.name != 'alpha'", []), ("name LIKE 'al%'", []),
    ("name ILIKE 'AL%'", []), ("name LIKE '%100%'", []), ("tags.team = 'x'", []), ("tag.team != 'x'", []),
    ("tags.team ILIKE 'x'", []), ("tags.`a b` = \"it's\"", []), ("tags.team IS NULL", []), ("tags.team IS NOT NULL", []),
    ("creation_time > 0", []), ("creation_time = 0", []), ("last_update_time >= 0", []), ("experiment_id = '0'", []),
    ("experiment_id IN ('0', '99')", []), ("experiment_id NOT IN ('0')", []), ("experiment_id != '0'", []),
    ("name LIKE 'al%' AND tags.team = 'x'", []), ("", ["name"]), ("", ["name DESC"]), ("", ["experiment_id"]),
    ("", ["experiment_id DESC"]), ("", ["attribute.name ASC"]), ("name IN ('alpha')", []), ("name > 'a'", []),
    ("creation_time > 'x'", []), ("creation_time > 1.5", []), ("experiment_id = 'x'", []), ("experiment_id > '0'", []),
    ("attributes.name = 'alpha'", []), ("nothing = 'x'", []), ("params.a = 'x'", []), ("tags.team IN ('x')", []),
    ("name IS NULL", []), ("", ["tags.team"]), ("", ["nothing"]), ("", ["name SIDEWAYS"]),
]  # fmt: skip

REGISTERED = [
    ("", []), ("name = 'a model'", []), ("name != 'a model'", []), ("name LIKE '%model'", []), ("name ILIKE 'c%'", []),
    ("name LIKE 'c%'", []), ("tags.team = 'x'", []), ("tag.team != 'x'", []), ("tags.team ILIKE 'X'", []),
    ("name IN ('a model', 'C model')", []), ("name NOT IN ('a model')", []), ("tags.team = 'x' AND name LIKE 'b%'", []),
    ("tags.team LIKE '%' AND tags.team != 'y'", []), ("tags.`mlflow.prompt.is_prompt` = 'true'", []),
    ("tags.`mlflow.prompt.is_prompt` != 'true'", []), ("tags.`mlflow.prompt.is_prompt` = 'false'", []),
    ("", ["name DESC"]), ("", ["name ASC"]), ("attribute.name = 'a model'", []),
    ("name > 'x'", []), ("nothing = 'x'", []), ("attributes.name = 'x'", []), ("tags.team IS NULL", []),
    ("tags.team IN ('x')", []), ("name = 5", []), ("params.a = 'x'", []), ("", ["creation_timestamp"]), ("", ["nothing"]),
    ("", ["name", "name DESC"]), ("name IN ()", []),
]  # fmt: skip

VERSIONS = [
    ("name = 'b model'", ["version_number ASC"]), ("name = 'b model'", ["version_number DESC"]),
    ("", ["name", "version_number"]), ("", ["name DESC", "version_number DESC"]),
    ("tags.kind = 'new'", []), ("tags.kind != 'new'", []), ("tag.kind LIKE '%'", ["version_number"]),
    ("version_number > 1", []), ("version_number = '2'", []), ("version_number <= 1", ["name"]),
    ("source_path LIKE 's3://%'", ["name", "version_number"]), ("source_path = 's3://bucket/b model/1'", []),
    ("name IN ('a model', 'prompt')", []), ("name NOT IN ('b model')", []), ("name ILIKE 'B%' AND version_number != 1", []),
    ("tags.`mlflow.prompt.is_prompt` = 'true'", []), ("attribute.name = 'a model'", []),
    ("run_id = 'nothing'", []), ("run_id IN ('nothing')", []),
    ("version_number > 1.5", []), ("version_number LIKE '1'", []), ("version_number = 'x'", []), ("name > 'a'", []),
    ("name = 1", []), ("source_path IN ('x')", []), ("nothing = 'x'", []), ("tags.kind IS NULL", []), ("", ["nothing"]),
    ("", ["source_path"]), ("creation_timestamp > 0", []),
]  # fmt: skip

MODELS = [
    ("", [], []), ("name = 'first'", [], []), ("name != 'first'", [], ["name"]), ("name LIKE '%r%'", [], ["name"]),
    ("name ILIKE 'T%'", [], []), ("attributes.name = 'second'", [], []), ("model_type = 'gbdt'", [], ["name"]),
    ("metrics.auc > 0.85", [], []), ("metrics.auc > 0.1", [], ["name"]), ("metrics.auc <= 0.2", [], []),
    ("metrics.auc != 0.8", [], []), ("params.depth = '1'", [], []), ("params.depth != '1'", [], []),
    ("params.depth IN ('1', '2')", [], ["name"]), ("tags.kind = 'b'", [], []), ("tags.kind LIKE '%'", [], ["name"]),
    ("tags.kind NOT IN ('a')", [], []), ("creation_timestamp > 0", [], ["name"]), ("creation_time <= 0", [], []),
    ("name IN ('first', 'Third')", [], ["name"]), ("metrics.auc > 0.1 AND params.depth = '2'", [], []),
    ("metrics.iris > 0.1", [["iris", None]], ["name"]), ("metrics.iris > 0.1", [["iris", "def"]], []),
    ("metrics.auc > 0.1", [["iris", None]], []), ("", [["iris", "abc"]], []), ("", [["iris", None]], ["name"]),
    ("", [["nothing", None]], []), ("", [], ["name"]), ("", [], ["name DESC"]), ("", [], ["metrics.auc"]),
    ("", [], ["metrics.auc DESC"]), ("", [], ["metrics.absent", "name"]), ("", [], ["model_type", "name DESC"]),
    ("metric.auc > 1", [], []), ("param.depth = '1'", [], []), ("attribute.name = 'x'", [], []),
    ("metrics.auc LIKE 'x'", [], []), ("params.depth > '1'", [], []), ("creation_timestamp LIKE 'x'", [], []),
    ("tags.kind IS NULL", [], []), ("name > 'x'", [], []), ("", [], ["params.depth"]), ("", [], ["nothing"]),
]  # fmt: skip

TRACES = [
    ("", []), ("attributes.status = 'OK'", []), ("trace.status != 'OK'", []), ("status IN ('OK', 'ERROR')", []),
    ("attributes.timestamp_ms > 1000", []), ("timestamp_ms >= 2000 AND timestamp_ms < 3000", []), ("timestamp = 2000", []),
    ("attributes.execution_time_ms > 100", []), ("execution_time_ms != 50", []), ("attributes.end_time_ms >= 2000", []),
    ("trace.name = 'ask'", []), ("name ILIKE 'ASK'", []), ("attributes.name LIKE 'A%'", []), ("tags.kind = 'chat'", []),
    ("tag.kind != 'chat'", []), ("tags.kind IS NULL", []), ("tags.kind IS NOT NULL", []), ("metadata.user = 'ada'", []),
    ("request_metadata.user LIKE 'b%'", []), ("metadata.user IS NULL", []), ("metadata.`a b` = 'c'", []),
    ("attributes.status NOT IN ('OK')", []), ("", ["timestamp_ms ASC"]), ("", ["timestamp DESC"]),
    ("", ["execution_time_ms"]), ("", ["execution_time_ms DESC"]), ("", ["status"]), ("", ["tags.kind"]),
    ("", ["metadata.user DESC"]), ("", ["name"]), ("", ["attributes.name DESC"]),
    ("nothing = 'x'", []), ("tags.kind > 'x'", []), ("timestamp_ms LIKE '1'", []), ("metrics.a > 1", []),
    ("status = 5", []), ("tags.kind IN ('chat')", []), ("span.nothing = 'x'", []), ("status IS NULL", []),
    ("span.content = 'x'", []), ("", ["nothing"]), ("", ["span.name"]),
]  # fmt: skip


def value(number):
    return float("nan") if number is None else number


def fill(store, registry):
    ids = {}
    for at, e in enumerate(DATA["experiments"]):
        ids[f"e{at}"] = store.create_experiment(e["name"], tags=[ExperimentTag(k, v) for k, v in e["tags"].items()])
    home = ids["e0"]
    for at, r in enumerate(DATA["runs"]):
        run = store.create_run(home, r["user"], r["start"], [RunTag(k, v) for k, v in r["tags"].items()], r["name"])
        run_id = ids[f"r{at}"] = run.info.run_id
        metrics = [Metric(k, value(v), 1, 0) for k, v in r["metrics"].items()]
        store.log_batch(run_id, metrics, [Param(k, v) for k, v in r["params"].items()], [])
        inputs = [
            DatasetInput(Dataset(name, digest, "local", "{}"), [InputTag("mlflow.data.context", context)])
            for name, digest, context in r["datasets"]
        ]
        store.log_inputs(run_id, inputs)
        from mlflow.entities import RunStatus

        store.update_run_info(run_id, RunStatus.from_string(r["status"]), r["end"], None)
    source = ids["r0"]
    for at, m in enumerate(DATA["models"]):
        model = store.create_logged_model(
            home,
            m["name"],
            None,
            [LoggedModelTag(k, v) for k, v in m["tags"].items()],
            [LoggedModelParameter(k, v) for k, v in m["params"].items()],
            m["type"],
        )
        ids[f"m{at}"] = model.model_id
        for key, number, timestamp, step, dataset in m["metrics"]:
            name, digest = dataset or (None, None)
            metric = Metric(key, number, timestamp, step, model.model_id, name, digest)
            store._log_model_metrics(source, [metric], experiment_id=home)
    for at, t in enumerate(DATA["traces"]):
        trace_id = ids[f"t{at}"] = f"tr-{at:032x}"
        store.start_trace(
            TraceInfo(
                trace_id,
                TraceLocation.from_experiment_id(home),
                t["at"],
                TraceState(t["state"]),
                execution_duration=t["duration"],
                tags=dict(t["tags"]),
                trace_metadata=dict(t["metadata"]),
            )
        )
    for g in DATA["registered"]:
        registry.create_registered_model(g["name"], [RegisteredModelTag(k, v) for k, v in g["tags"].items()])
        for number, v in enumerate(g["versions"], 1):
            source = f"s3://bucket/{g['name']}/{number}"
            registry.create_model_version(g["name"], source, tags=[ModelVersionTag(k, v) for k, v in v["tags"].items()])
    return ids


def main():
    with tempfile.TemporaryDirectory() as directory:
        uri = f"sqlite:///{directory}/mlflow.db"
        store, registry = SqlAlchemyStore(uri, f"{directory}/artifacts"), RegistryStore(uri)
        ids = fill(store, registry)
        names = {v: k for k, v in ids.items()}
        home = ids["e0"]
        cases = []

        def ask(subject, filter_string, order_by, search, datasets=()):
            case = {"subject": subject, "filter": filter_string, "order_by": list(order_by)}
            if datasets:
                case["datasets"] = [list(d) for d in datasets]
            try:
                case["found"] = search()
            except MlflowException as error:
                case["refused"] = error.error_code
            except Exception as error:  # MLflow lets some through: a refusal, too
                case["refused"] = type(error).__name__
            cases.append(case)

        def runs(f, o):
            page = store.search_runs([home], f, ViewType.ACTIVE_ONLY, 100, o, None)
            return [names[r.info.run_id] for r in page]

        for f in RUNS:
            # An order of their own: the start times have a tie, and ids are random.
            order = ["attributes.run_name ASC"]
            ask("runs", f, order, lambda: runs(f, order))
        for o in RUN_ORDERS:
            tie = o if any("run_name" in k for k in o) else [*o, "attributes.run_name ASC"]
            ask("runs", "", tie, lambda: runs("", tie))
        for f, o in EXPERIMENTS:
            # All are made within a few milliseconds: without an order only the set counts.
            order = o or ["experiment_id ASC"]

            def experiments():
                found = store.search_experiments(ViewType.ACTIVE_ONLY, 100, f, order, None)
                return [names.get(e.experiment_id, "default") for e in found]

            ask("experiments", f, order, experiments)
        for f, o in REGISTERED:
            ask("registered", f, o, lambda: [m.name for m in registry.search_registered_models(f, 100, o or None, None)])
        for f, o in VERSIONS:
            order = o or ["name ASC", "version_number ASC"]

            def versions():
                return [f"{v.name}/{v.version}" for v in registry.search_model_versions(f, 100, order, None)]

            ask("versions", f, order, versions)
        for f, d, o in MODELS:
            order = o or ["name"]
            keys = [{"field_name": k.split()[0], "ascending": not k.endswith(" DESC")} for k in order]
            sets = [{"dataset_name": n, **({"dataset_digest": g} if g else {})} for n, g in d]

            def models():
                found = store.search_logged_models([home], f or None, sets or None, 100, keys, None)
                return [names[m.model_id] for m in found]

            ask("models", f, order, models, d)
        for f, o in TRACES:
            ask("traces", f, o, lambda: [names[t.trace_id] for t in store.search_traces([home], f or None, 100, o, None)[0]])
        path = pathlib.Path(__file__).with_name("search.json")
        lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
        data = json.dumps(DATA, ensure_ascii=False)
        path.write_text(f'{{"data": {data},\n"cases": [\n{lines}\n]}}\n')
        print(len(cases), "cases,", sum("refused" in c for c in cases), "refused")


main()
