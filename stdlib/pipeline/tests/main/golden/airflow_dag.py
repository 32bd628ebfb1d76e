"""late-flights 1.3.0: one task per stage. Retries and time limits are the program's own.

PIPELINE_DIR names the directory of the version (default: where this file is), PIPELINE_BIN a built program (default:
cargo builds it), PIPELINE_VALUES the directory for values between stages, which all workers have to see.
"""

import os
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Param

DIRECTORY = os.environ.get("PIPELINE_DIR", str(Path(__file__).resolve().parent))
PROGRAM = os.environ.get("PIPELINE_BIN", "cargo run --quiet --locked --")
VALUES = os.environ.get("PIPELINE_VALUES", f"{DIRECTORY}/outputs/airflow") + "/{{ run_id }}/"

tasks = {}


def stage(name, arguments, parameters):
    """A task that runs one stage; parameters travel in the environment."""
    tasks[name] = BashOperator(
        task_id=name,
        bash_command=f"exec {PROGRAM} {arguments}",
        cwd=DIRECTORY,
        env={"VALUES": VALUES, **parameters},
        append_env=True,
    )


with DAG(
    dag_id="late-flights",
    description="Says which flights will be late: \"yes\" or \"no\".",
    schedule=None,
    catchup=False,
    tags=["ironbook", "1.3.0"],
    params={
        "n_estimators": Param(300, type="integer", description="How many trees."),
        "learning_rate": Param(0.1, type="number"),
        "title": Param("yes: it's \"late\" #1", type="string"),
        "fast": Param(True, type="boolean"),
    },
):
    stage(
        "read",
        "run --only read --output flights=\"$VALUES\"read/flights --output weather=\"$VALUES\"read/weather",
        {},
    )
    stage(
        "train",
        "run --only train --input flights=\"$VALUES\"read/flights --input weather=\"$VALUES\"read/weather --output model=\"$VALUES\"train/model",
        {
            "IRONBOOK_PARAM_N_ESTIMATORS": "{{ params[\"n_estimators\"] }}",
            "IRONBOOK_PARAM_LEARNING_RATE": "{{ params[\"learning_rate\"] }}",
            "IRONBOOK_PARAM_FAST": "{{ params[\"fast\"] | lower }}",
        },
    )
    stage(
        "judge",
        "run --only judge --input model=\"$VALUES\"train/model --input flights=\"$VALUES\"read/flights --output report=\"$VALUES\"judge/report",
        {
            "IRONBOOK_PARAM_TITLE": "{{ params[\"title\"] }}",
        },
    )
    stage(
        "auc_is_good",
        "run --only auc_is_good --input report=\"$VALUES\"judge/report --output auc_is_good=\"$VALUES\"auc_is_good/auc_is_good",
        {},
    )
    stage(
        "register",
        "run --only register --input model=\"$VALUES\"train/model --output register=\"$VALUES\"register/register",
        {},
    )
    tasks["read"] >> tasks["train"]
    tasks["train"] >> tasks["judge"]
    tasks["read"] >> tasks["judge"]
    tasks["judge"] >> tasks["auc_is_good"]
    tasks["train"] >> tasks["register"]
    tasks["auc_is_good"] >> tasks["register"]
