"""Times training steps of two small networks, PyTorch and Ironbook side by side on this machine's CPU.

Needs    pip install torch==2.15.0 scikit-learn==1.9.1 pandas pyarrow
Run      python bench/nn/run.py [rounds]            (5 unless told)
         It builds the Ironbook side (`cargo build -p ironbook-nn --example nn_bench`), in CARGO_TARGET_DIR if set.

`mlp`: is a flight more than 15 minutes late? 14 standardised features -> 256 -> 128 -> 1, ReLU, batches of 1,024.
`cnn`: scikit-learn's digits, 8 x 8: convolution 3 x 3 of 1 -> 16 channels, ReLU, pooling, 16 -> 32, ReLU, pooling,
linear 128 -> 10, batches of 64.

Both sides start from the same weights, see the same 100 batches in the same order and use AdamW (1e-3). A step is:
take the rows of the batch, forward, loss, backward, update, read the loss. Two threads each; the sides take turns and
the best round of each counts. `difference` is the largest difference between the two losses of a step.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

THREADS = "2"
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[name] = THREADS

try:
    import numpy as np
    import pandas as pd
    import torch
    import torch.nn.functional as F
    from torch import nn
except ImportError as missing:
    print(f"SKIPPED: nn ({missing}; bench/requirements.txt lists what it needs)")
    sys.exit(0)

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "examples/flights/data"
WEATHER = ["temp", "humid", "wind_speed", "precip", "pressure", "visib"]
FEATURES = ["month", "day", "hour", "minute", "carrier", "origin", "dest", "distance", *WEATHER]
STEPS = 100
LIMITS = {"ratio": 1.2, "difference": 1e-4}


def save(tensors, path):
    """Writes a safetensors file: a header of names, types, shapes and places, then the values."""
    header, parts, at = {}, [], 0
    for name, tensor in tensors.items():
        values = tensor.detach().contiguous().numpy()
        kind = {"float32": "F32", "int64": "I64"}[str(values.dtype)]
        header[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": [at, at + values.nbytes]}
        parts.append(values.tobytes())
        at += values.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(len(text).to_bytes(8, "little") + text + b"".join(parts))


def flights():
    rows = pd.read_parquet(DATA / "flights.parquet").dropna(subset=["arr_delay"])
    weather = pd.read_parquet(DATA / "weather.parquet").drop_duplicates(["origin", "time_hour"])
    rows = rows.merge(weather[["origin", "time_hour", *WEATHER]], on=["origin", "time_hour"], how="left")
    late = (rows["arr_delay"] > 15).to_numpy(dtype=np.float32)
    for name in ("carrier", "origin", "dest"):
        rows[name] = rows[name].astype("category").cat.codes
    x = rows[FEATURES].astype("float64").fillna(0.0)
    x = ((x - x.mean()) / x.std()).to_numpy(dtype=np.float32)
    return torch.from_numpy(np.ascontiguousarray(x)), torch.from_numpy(late)[:, None]


def digits():
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return torch.from_numpy((x / 16.0).astype(np.float32)).reshape(-1, 1, 8, 8), torch.from_numpy(y)


def mlp():
    return nn.Sequential(nn.Linear(14, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 1))


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(128, 10),
    )


CASES = {
    "mlp": (flights, mlp, F.binary_cross_entropy_with_logits, 1024),
    "cnn": (digits, cnn, F.cross_entropy, 64),
}


def torch_side(make, start, x, y, order, loss_of):
    net = make()
    net.load_state_dict(start)
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3)
    losses = []
    began = time.perf_counter()
    for rows in order:
        optimizer.zero_grad()
        loss = loss_of(net(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return (time.perf_counter() - began) / len(order), losses


def build():
    subprocess.run(["cargo", "build", "-q", "-p", "ironbook-nn", "--example", "nn_bench"], cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "debug/examples/nn_bench"


def ironbook(program, case, folder):
    out = subprocess.run([program, case, folder], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)


def compare(case, program, rounds):
    load, make, loss_of, batch = CASES[case]
    torch.manual_seed(0)
    x, y = load()
    start = make().state_dict()
    generator = np.random.default_rng(0)
    order = [torch.from_numpy(generator.permutation(len(x))[:batch]) for _ in range(STEPS)]
    best, differences = {"PyTorch": np.inf, "Ironbook": np.inf}, []
    with tempfile.TemporaryDirectory() as folder:
        save(start, Path(folder) / "weights.safetensors")
        numbers = torch.stack(order).to(torch.int64)
        save({"x": x, "y": y.to(torch.float32), "order": numbers}, Path(folder) / "data.safetensors")
        for _ in range(rounds):
            seconds, losses = torch_side(make, start, x, y, order, loss_of)
            best["PyTorch"] = min(best["PyTorch"], seconds)
            result = ironbook(program, case, folder)
            best["Ironbook"] = min(best["Ironbook"], result["step_s"])
            differences.append(max(abs(a - b) for a, b in zip(losses, result["losses"], strict=True)))
    ratio, difference = best["Ironbook"] / best["PyTorch"], max(differences)
    ok = ratio <= LIMITS["ratio"] and difference <= LIMITS["difference"]
    print(f"{case:5} {best['PyTorch'] * 1e3:9.3f} ms {best['Ironbook'] * 1e3:9.3f} ms {ratio:7.2f} {difference:11.1e}  "
          f"{losses[0]:.4f} -> {losses[-1]:.4f}  {'ok' if ok else 'MISS'}", flush=True)
    return {"case": case, "pytorch_step_s": best["PyTorch"], "ironbook_step_s": best["Ironbook"], "ratio": ratio,
            "loss_difference": difference, "ok": ok}


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    torch.set_num_threads(int(THREADS))
    program = Path(os.environ["NN_BENCH"]) if "NN_BENCH" in os.environ else build()
    print(f"{STEPS} steps, {THREADS} threads, best of {rounds} rounds, PyTorch {torch.__version__}; "
          f"at most {LIMITS['ratio']} of PyTorch's time, losses within {LIMITS['difference']:.0e}")
    print(f"{'':5} {'PyTorch':>12} {'Ironbook':>12} {'ratio':>7} {'difference':>11}  loss")
    results = [compare(case, program, rounds) for case in CASES]
    about = {"threads": int(THREADS), "rounds": rounds, "torch": torch.__version__, "results": results}
    (Path(__file__).parent / "results.json").write_text(json.dumps(about, indent=2) + "\n")
    sys.exit(0 if all(r["ok"] for r in results) else 1)


if __name__ == "__main__":
    main()
