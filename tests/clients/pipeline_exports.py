"""What `ironbook pipeline export` writes, run by the tools that it is for: to the end, with a real program.

    python tests/clients/pipeline_exports.py TOOL IRONBOOK TOY

TOOL is dvc, mlproject, airflow, kubeflow, github, schema or yaml; TOY is the example `toy` of ironbook-pipeline. Needs what
tests/env lists for the tool. Each check prints a line; the first that fails ends the run.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = pathlib.Path(sysconfig.get_path("scripts"))
NUMBERS = "1 2 3 4\n"
STAGES = ["read", "scale", "sum", "count", "model", "check"]

DEFINITION = f"""
schema = 1
name = "toy"
version = "1.0.0"
content = "{'0' * 64}"
description = "A sum: {{{{braces}}}}, it's \\"quoted\\" #1"
targets = ["model.model"]

[origin]
promoted = "2026-01-01T00:00:00Z"
cells = [1, 2]

[toolchain]
rustc = "rustc 1.95.0"
ironbook = "0.1.0"
library = "0"
lock = "0"
target = "x86_64-unknown-linux-gnu"
cpu_features = []
threads = 2

[[params]]
name = "factor"
type = "f64"
default = 2.0
doc = "What numbers are multiplied with."

[[params]]
name = "title"
type = "&str"
default = "it's \\"late\\": {{x}} #1"

[[params]]
name = "least"
type = "f64"
default = 1.0

[[data]]
name = "numbers"
path = "data/numbers.txt"
fingerprint = "blake3:327c2c2c018437b3237e47af045362a2c332fcfc0f39b15f5da8f7b7e33840a5"
bytes = 8

[[stages]]
name = "read"
code = "{'1' * 64}"
data = ["numbers"]
outputs = [{{ name = "numbers", type = "Vec<f64>", codec = "plain" }}]

[[stages]]
name = "scale"
code = "{'2' * 64}"
params = ["factor"]
inputs = [{{ name = "numbers", from = "read", type = "Vec<f64>" }}]
outputs = [{{ name = "scaled", type = "Vec<f64>", codec = "plain" }}]

[[stages]]
name = "sum"
code = "{'3' * 64}"
inputs = [{{ name = "scaled", from = "scale", type = "Vec<f64>" }}]
outputs = [{{ name = "sum", type = "f64", codec = "plain" }}]

[[stages]]
name = "count"
code = "{'4' * 64}"
inputs = [{{ name = "numbers", from = "read", type = "Vec<f64>" }}]
outputs = [{{ name = "count", type = "usize", codec = "plain" }}]

[[stages]]
name = "model"
code = "{'5' * 64}"
params = ["title"]
inputs = [{{ name = "sum", from = "sum", type = "f64" }}, {{ name = "count", from = "count", type = "usize" }}]
outputs = [{{ name = "model", type = "Model", codec = "serde" }}]

[[stages]]
name = "check"
kind = "gate"
code = "{'6' * 64}"
params = ["least"]
inputs = [{{ name = "model", from = "model", type = "Model" }}]
outputs = [{{ name = "check", type = "bool", codec = "plain" }}]

[register]
model = "model.model"
as = "toy"
"""


def ok(words):
    print(f"ok: {words}", flush=True)


def check(condition, words):
    if not condition:
        sys.exit(f"FAILED: {words}")


class Project:
    """A project with the toy pipeline in it, whose files for a tool are written."""

    def __init__(self, ironbook, toy):
        self.ironbook, self.toy = ironbook, toy
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ironbook-exports-"))
        self.version = self.folder / "pipelines/toy/1.0.0"
        self.ran_file = self.folder / "ran"
        (self.folder / ".ironbook").mkdir()
        (self.folder / "data").mkdir()
        (self.folder / "data/numbers.txt").write_text(NUMBERS)
        (self.version / "src").mkdir(parents=True)
        (self.version / "src/main.rs").write_text("fn main() {}\n")
        (self.version / "Cargo.toml").write_text('[package]\nname = "toy"\n')
        (self.version / "Cargo.lock").write_text("version = 4\n")
        (self.version / "pipeline.toml").write_text(DEFINITION)

    def export(self, tool):
        told = subprocess.run([self.ironbook, "pipeline", "export", "toy", tool, "--json"], cwd=self.folder,
                              capture_output=True, text=True)
        check(told.returncode == 0, f"export: {told.stderr}")
        files = json.loads(told.stdout)[0]["files"]
        ok(f"exported {[os.path.basename(file) for file in files]}")

    def run(self, *words, expected=0, **more):
        """Runs a command in the directory of the version; returns what it said."""
        environment = {**os.environ, "PATH": f"{SCRIPTS}:{os.environ['PATH']}", "PIPELINE_BIN": self.toy,
                       "TOY_RAN": str(self.ran_file), "NO_COLOR": "1", **more}
        done = subprocess.run(words, cwd=self.version, env=environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        wanted = done.returncode == 0 if expected == 0 else done.returncode != 0
        check(wanted, f"{' '.join(words)}: status {done.returncode}\n{done.stdout}")
        return done.stdout

    def ran(self):
        """Stages that were executed since the last call, in order."""
        text = self.ran_file.read_text() if self.ran_file.exists() else ""
        self.ran_file.unlink(missing_ok=True)
        return text.split()

    def forget(self):
        """Empties the program's own cache."""
        shutil.rmtree(self.folder / ".ironbook/pipeline", ignore_errors=True)


def dvc(project):
    project.export("dvc")
    project.run("dvc", "init", "--no-scm")
    project.run("dvc", "config", "core.analytics", "false")
    project.run("dvc", "repro")
    check(sorted(project.ran()) == sorted(STAGES), "each stage runs once")
    lock = (project.version / "dvc.lock").read_text()
    check("schema: '2.0'" in lock and "register:" in lock, lock)
    check((project.version / "outputs/register/register").is_file(), "the model is registered")
    ok("dvc repro runs all stages and registers")

    project.forget()
    said = project.run("dvc", "repro")
    check(project.ran() == [] and "didn't change" in said, said)
    ok("dvc repro does nothing when nothing has changed")

    params = project.version / "params.yaml"
    params.write_text(params.read_text().replace("factor: 2.0", "factor: 3.0"))
    said = project.run("dvc", "repro")
    check(sorted(project.ran()) == ["check", "model", "scale", "sum"], said)
    ok("dvc repro runs what a parameter changes, from DVC's files alone")

    (project.version / "outputs/count/count").unlink()
    (project.folder / "data/numbers.txt").write_text("1 2 3 5\n")
    said = project.run("dvc", "repro", expected=1)
    check("changed" in said, said)
    ok("changed data under a pinned fingerprint fails")
    (project.folder / "data/numbers.txt").write_text(NUMBERS)

    params.write_text(re.sub("least: .*", "least: 1000.0", params.read_text()))
    project.run("dvc", "repro", expected=1)
    check("check" in project.ran(), "the gate runs")
    status = project.run("dvc", "status")
    check("check:" in status, status)
    ok("a gate that fails fails dvc repro")


def mlproject(project):
    project.export("mlproject")
    quiet = {"MLFLOW_TRACKING_URI": (project.folder / "mlruns").as_uri(), "MLFLOW_DISABLE_TELEMETRY": "true",
             "MLFLOW_ALLOW_FILE_STORE": "true", "GIT_PYTHON_REFRESH": "quiet"}
    mlflow = ("mlflow", "run", "--env-manager", "local", ".")
    project.run(*mlflow, **quiet)
    check(sorted(project.ran()) == sorted(STAGES), "each stage runs once")
    project.run(*mlflow, **quiet)
    check(project.ran() == [], "nothing has changed")
    project.run(*mlflow, "-P", "factor=3.5", "-P", "title=it's \"new\" {y}", **quiet)
    check(sorted(project.ran()) == ["check", "model", "scale", "sum"], "parameters arrive")
    project.run(*mlflow, "-P", "least=1000", expected=1, **quiet)
    check(project.ran() == ["check"], "the gate runs")
    ok("mlflow run runs it, with parameters, and fails with its gate")
    other = project.folder / "other numbers.txt"
    other.write_text("5 6\n")
    project.run(*mlflow, "-e", "on_data", "-P", f"data_numbers={other}", **quiet)
    check(sorted(project.ran()) == sorted(STAGES), "other data is read")
    ok("mlflow run -e on_data runs it on other data")


def airflow(project):
    project.export("airflow")
    home = project.folder / "airflow"
    quiet = {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
             "AIRFLOW__CORE__DAGS_FOLDER": str(project.version), "AIRFLOW__CORE__UNIT_TEST_MODE": "false"}
    project.run("airflow", "db", "migrate", **quiet)
    said = project.run("airflow", "dags", "test", "toy", **quiet)
    check(sorted(project.ran()) == sorted(STAGES), said)
    check(list(project.version.glob("outputs/airflow/*/register/register")), "the model is registered")
    ok("airflow dags test runs all stages and registers")
    project.forget()
    conf = json.dumps({"factor": 3.5, "title": "it's {new} \"y\"", "least": 1000.0})
    said = project.run("airflow", "dags", "test", "toy", "-c", conf, expected=1, **quiet)
    check(sorted(project.ran()) == sorted(STAGES), said)
    check(len(list(project.version.glob("outputs/airflow/*/register/register"))) == 1, "nothing more is registered")
    ok("parameters arrive, and a gate that fails fails the DAG before it registers")


def substituted(text, inputs, outputs, parameters):
    """An argument as Kubeflow's launcher makes it."""
    def value(match):
        side, kind, name, path = match.groups()
        if kind == "parameters":
            of = parameters[name]
            return of if isinstance(of, str) else json.dumps(of)
        return {"inputs": inputs, "outputs": outputs}[side][name]
    return re.sub(r"\{\{\$\.(inputs|outputs)\.(artifacts|parameters)\['([^']+)'\](\.path)?\}\}", value, text)


def kubeflow(project):
    import yaml
    from kfp import compiler, components

    project.export("kubeflow")
    file = project.version / "kubeflow.yaml"
    pipeline = components.load_component_from_file(str(file))
    check(set(pipeline.component_spec.inputs) == {"factor", "title", "least", "data_numbers"}, "its inputs")
    again = project.folder / "again.yaml"
    compiler.Compiler().compile(pipeline, str(again))
    ours, theirs = yaml.safe_load(file.read_text()), yaml.safe_load(again.read_text())
    ours.pop("sdkVersion"), theirs.pop("sdkVersion")
    check(ours == theirs, f"what kfp reads and writes again is the same:\n{theirs}")
    ok("kfp loads it, and writes the same again")

    # Each container's command, in this process's place, with the paths that the launcher would give.
    made, left = {}, dict(ours["root"]["dag"]["tasks"])
    defaults = {name: each.get("defaultValue") for name, each in ours["root"]["inputDefinitions"]["parameters"].items()}
    while left:
        name = next(name for name, task in left.items() if not set(task.get("dependentTasks", [])) & set(left))
        task = left.pop(name)
        component = ours["components"][task["componentRef"]["name"]]
        executor = ours["deploymentSpec"]["executors"][component["executorLabel"]]
        if "importer" in executor:
            made[name, "artifact"] = str(project.folder / "data/numbers.txt")
            continue
        given = task.get("inputs", {})
        inputs = {key: made[each["taskOutputArtifact"]["producerTask"], each["taskOutputArtifact"]["outputArtifactKey"]]
                  for key, each in given.get("artifacts", {}).items()}
        parameters = {key: defaults[each["componentInputParameter"]] for key, each in given.get("parameters", {}).items()}
        artifacts = component.get("outputDefinitions", {}).get("artifacts", {})
        outputs = {key: str(project.folder / "kfp" / name / key) for key in artifacts}
        made.update({(name, key): path for key, path in outputs.items()})
        container = executor["container"]
        check(container["command"] == ["/usr/local/bin/toy"] and container["image"] == "toy:1.0.0", str(container))
        words = [substituted(word, inputs, outputs, parameters) for word in container["args"]]
        # Nothing is shared between containers but the artifacts.
        project.forget()
        project.run(project.toy, *words)
    check(sorted(project.ran()) == sorted(STAGES), "each stage runs once")
    check((project.folder / "kfp/register/register").is_file(), "the model is registered")
    ok("the commands of all containers run, with artifacts alone between them")


def github(project):
    project.export("github")
    project.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", ".github/workflows/toy.yml")
    ok("the workflow is one")
    told = subprocess.run([project.ironbook, "pipeline", "export", "toy", "github", "--out", "."], cwd=project.folder,
                          capture_output=True, text=True)
    check((project.folder / ".github/workflows/toy.yml").is_file(), told.stderr)
    ok("it can be written to the root of the repository")


ODD = ["", " ", "yes", "No", "ON", "y", "null", "~", "1.0", "1_000", "0x1f", "1e3", "1:30", "2026-11-26", "a: b", "a #b", "- a", "?",
       "{a}", "[a]", "*a", "&a", "!a", "|", "%a", "@a", "it's", '"', "a\nb\n", "a\tb", "\u0007", "\u0085", "ä", "🚀", "=", "<<", "---",
       "${x}", "{{x}}", "\\"]


def yaml(project):
    """Two readers, of YAML 1.1 and 1.2, read what was written."""
    import ruamel.yaml
    import yaml as pyyaml

    params = "".join(f'[[params]]\nname = "p{at}"\ntype = "String"\ndefault = {json.dumps(odd, ensure_ascii=False)}\ndoc = {json.dumps(odd, ensure_ascii=False)}\n\n'
                     for at, odd in enumerate(ODD))
    uses = "params = [" + ", ".join(["\"title\"", *(f'"p{at}"' for at in range(len(ODD)))]) + "]"
    text = DEFINITION.replace("[[params]]", params + "[[params]]", 1).replace('params = ["title"]', uses)
    (project.version / "pipeline.toml").write_text(text)
    expected = {each["name"]: each["default"] for each in tomllib.loads(text)["params"]}
    for tool, file in [("dvc", "params.yaml"), ("mlproject", "MLproject"), ("kubeflow", "kubeflow.yaml"), ("dvc", "dvc.yaml"),
                       ("github", ".github/workflows/toy.yml")]:
        project.export(tool)
        text = (project.version / file).read_text()
        old, new = pyyaml.safe_load(text), ruamel.yaml.YAML(typ="safe").load(text)
        check(old == new, f"both readers find the same in {file}")
        if file == "params.yaml":
            check(old == expected, f"{file}:\n{text}")
        if file == "MLproject":
            found = {name: each["default"] for name, each in old["entry_points"]["main"]["parameters"].items()}
            check(found == expected, f"{file}:\n{text}")
        if file == "kubeflow.yaml":
            found = {name: each.get("defaultValue") for name, each in old["root"]["inputDefinitions"]["parameters"].items()}
            check(expected.items() <= found.items(), f"{file}:\n{text}")
    ok(f"{len(ODD)} odd texts come back from all files")


def schema(project):
    schema = str(ROOT / "stdlib/pipeline/schema/pipeline-1.json")
    full = ROOT / "stdlib/pipeline/tests/main/full.toml"
    project.run("check-jsonschema", "--check-metaschema", schema)
    for file in (str(full), "pipeline.toml"):
        project.run("check-jsonschema", "--schemafile", schema, file)
    ok("definitions are what the published schema says")
    text = full.read_text()
    wrong = [("retries = 2", "retriess = 2"), ("kind = \"gate\"", "kind = \"gates\""), ("schema = 1", "schema = 2"),
             ("version = \"1.3.0\"", "version = \"1.03.0\""), ("blake3:", "sha256:"), ("bytes = 89", "bytes = -1"),
             ("from = \"train\"\n", ""), ("type = \"usize\"", "type = \"Vec<u8>\"")]
    for old, new in wrong:
        check(old in text, old)
        changed = project.folder / "changed.toml"
        changed.write_text(text.replace(old, new, 1))
        tomllib.loads(changed.read_text())
        project.run("check-jsonschema", "--schemafile", schema, str(changed), expected=1)
    ok(f"{len(wrong)} that are wrong are refused")


if __name__ == "__main__":
    tool, ironbook, toy = sys.argv[1:]
    project = Project(ironbook, toy)
    try:
        {"dvc": dvc, "mlproject": mlproject, "airflow": airflow, "kubeflow": kubeflow, "github": github,
         "schema": schema, "yaml": yaml}[tool](project)
    finally:
        shutil.rmtree(project.folder, ignore_errors=True)
    print("all checks passed")
