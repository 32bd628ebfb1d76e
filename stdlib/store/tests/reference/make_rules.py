"""Writes rules.json: which names and values MLflow accepts, by kind of thing.

pip install mlflow-skinny==3.17.2
"""

import json
import pathlib

from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.exceptions import MlflowException
from mlflow.utils import validation

NAMES = [
    "a", "a b", "A-b_c", "größe", "a.b", "a%b", "a'b", 'a"b', "a/b", "a:b", "", " ", ".", "..", "...", "..a", "a.", "a..",
    "a\nb", "a,b", "a$", "v1", "V22", "v", "v1x", "vv1", "latest", "LATEST", "latest1", "x" * 255, "x" * 256, "-", "_",
]  # fmt: skip


def alias(name):
    validation._validate_model_alias_name(name)
    validation._validate_model_alias_name_reserved(name)


def dataset(name, digest, source, key, value):
    tags = [InputTag(key, value)]
    validation._validate_dataset_inputs([DatasetInput(Dataset(name, digest, "local", source), tags)])


def accepted(check, *arguments):
    try:
        check(*arguments)
        return True
    except MlflowException:
        return False


LENGTHS = [
    ("dataset name", 500, lambda n: dataset("x" * n, "d", "s", "k", "v")),
    ("dataset digest", 36, lambda n: dataset("n", "x" * n, "s", "k", "v")),
    ("dataset source", 65535, lambda n: dataset("n", "d", "x" * n, "k", "v")),
    ("input tag key", 255, lambda n: dataset("n", "d", "s", "x" * n, "v")),
    ("input tag value", 500, lambda n: dataset("n", "d", "s", "k", "x" * n)),
    ("experiment name", 500, lambda n: validation._validate_experiment_name("x" * n)),
    ("experiment tag", 20000, lambda n: validation._validate_experiment_tag("k", "x" * n)),
    ("registry tag", 100000, lambda n: validation._validate_registered_model_tag("k", "x" * n)),
    ("key", 250, lambda n: validation._validate_tag("x" * n, "v")),
]

rules = {
    "registered": [[n, accepted(validation._validate_model_name, n)] for n in NAMES],
    "alias": [[n, accepted(alias, n)] for n in NAMES],
    "model": [[n, accepted(validation._validate_logged_model_name, n)] for n in NAMES],
    "lengths": [[what, n, accepted(check, n)] for what, limit, check in LENGTHS for n in (limit, limit + 1)],
}
path = pathlib.Path(__file__).with_name("rules.json")
path.write_text(json.dumps(rules, indent=0, ensure_ascii=False) + "\n")
