"""Writes names.json: which names of metrics, parameters and tags MLflow accepts.

pip install mlflow-skinny==3.17.2
"""

import json
import pathlib

from mlflow.exceptions import MlflowException
from mlflow.utils import validation

NAMES = [
    "auc", "a b", "val/auc", "x.y-z_1:2", "größe", "²", " ", "a..", "a/..b", "k" * 250,
    "", ".", "..", "...", "..a", "/a", "a/", "a//b", "a/../b", "./a", "a/.", "a$", 'a"b', "a\nb", "a\\b", "a,b",
    "a\0b", "e\u0301", "k" * 251,
]  # fmt: skip


def accepted(name):
    answers = set()
    for check in (
        lambda: validation._validate_metric(name, 1.0, 0, 0),
        lambda: validation._validate_param(name, "1"),
        lambda: validation._validate_tag(name, "1"),
    ):
        try:
            check()
            answers.add(True)
        except MlflowException:
            answers.add(False)
    (answer,) = answers
    return answer


path = pathlib.Path(__file__).with_name("names.json")
path.write_text(json.dumps([[name, accepted(name)] for name in NAMES], indent=0) + "\n")
