"""Trains two networks on a GPU, PyTorch and Ironbook side by side: the flights network and a transformer.

Needs    pip install torch==2.15.0 pandas pyarrow, and a build of Ironbook for the device:
         cargo build -p ironbook-nn --example nn_gpu --features cuda
Run      python bench/nn/gpu.py [--device cuda] [--steps 200] [--program PATH] [--peers eager,fused,compiled] [--composed]
         With `--device cpu --steps 3` it shows that both sides agree, on any machine.

`mlp`: 14 standardised features of a flight -> 256 -> 128 -> 1, batches of 8,192. `transformer`: the bytes of this
repository's Rust files, 8 blocks of 320 features and 5 heads, 10 million weights, batches of 32 x 128 bytes. Both in
f32 (PyTorch without TF32) and with matrix products in bf16 over f32 weights (PyTorch's autocast).

The peers: `eager` is PyTorch as most people run it; `fused` has AdamW as one kernel (`fused=True`); `compiled` is
`torch.compile` on top. The ratio is Ironbook's time over that of the fastest of them. `--composed` adds Ironbook without
its own kernels, on candle's operations alone.

Both sides start from the same weights and see the same batches. A step is forward, loss, backward, update by AdamW and
reading the loss; the first ten steps are left out of the time. `difference` is the largest difference of two losses of
one step over the first 50; in bf16 it says little.
"""

import argparse
import contextlib
import copy
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

sys.argv, arguments = sys.argv[:1], sys.argv[1:]
sys.path.insert(0, str(Path(__file__).parent))
from run import ROOT, flights, mlp, save  # noqa: E402

WIDTH, HEADS, BLOCKS, TIME = 320, 5, 8, 128
WARM, JUDGED = 10, 50


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(256, WIDTH), nn.Embedding(TIME, WIDTH)
        block = lambda: nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, 0.0, "gelu", batch_first=True, norm_first=True)
        self.blocks = nn.ModuleList(block() for _ in range(BLOCKS))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 256)
        nn.init.normal_(self.tokens.weight, std=0.02)
        nn.init.normal_(self.positions.weight, std=0.02)

    def forward(self, x):
        t = x.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(t, device=x.device)
        x = self.tokens(x) + self.positions.weight[:t]
        for block in self.blocks:
            x = block(x, src_mask=mask, is_causal=True)
        return self.head(self.norm(x))


def text():
    files = sorted(ROOT.glob("s*/**/src/**/*.rs"))
    return np.frombuffer(b"\n".join(f.read_bytes() for f in files), dtype=np.uint8)


def case(name, steps):
    generator = np.random.default_rng(0)
    if name == "mlp":
        x, y = flights()
        order = np.stack([generator.permutation(len(x))[:8192] for _ in range(steps)])
        return mlp(), {"x": x, "y": y, "order": torch.from_numpy(order)}, F.binary_cross_entropy_with_logits
    data = text()
    starts = generator.integers(0, len(data) - TIME - 1, 4096)
    rows = torch.from_numpy(np.stack([data[s:s + TIME + 1] for s in starts]).astype(np.float32))
    order = torch.from_numpy(np.stack([generator.permutation(len(rows))[:32] for _ in range(steps)]))
    loss = lambda out, y: F.cross_entropy(out.float().reshape(-1, 256), y.long().reshape(-1))
    return Transformer(), {"x": rows[:, :-1].contiguous(), "y": rows[:, 1:].contiguous(), "order": order}, loss


def torch_side(peer, name, net, data, loss_of, device, bf16):
    net = copy.deepcopy(net).to(device)
    x, y, order = (data[k].to(device) for k in ("x", "y", "order"))
    if name == "transformer":
        x, y = x.long(), y.long()
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3, fused=True if peer != "eager" else None)
    if peer == "compiled":
        net = torch.compile(net)
    low = torch.autocast(device, torch.bfloat16) if bf16 else contextlib.nullcontext()
    losses, times = [], []
    for rows in order:
        began = time.perf_counter()
        optimizer.zero_grad()
        with low:
            out = net(x[rows])
        loss = loss_of(out.float(), y[rows])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        times.append(time.perf_counter() - began)
    return times, losses


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--steps", type=int, default=200)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser.add_argument("--program", type=Path, default=target / "debug/examples/nn_gpu")
    parser.add_argument("--peers", default="eager,fused")
    parser.add_argument("--composed", action="store_true")
    parser.add_argument("--cases", default="mlp,transformer")
    parser.add_argument("--save", type=Path)
    options = parser.parse_args(arguments)
    peers, rows = options.peers.split(","), []
    torch.manual_seed(0)
    print(f"{options.device}, PyTorch {torch.__version__}, {options.steps} steps")
    print(f"{'':18}" + "".join(f"{peer:>11}" for peer in peers) + f"{'Ironbook':>11}"
          + (f"{'composed':>11}" if options.composed else "") + f" {'ratio':>6} {'difference':>11}  last losses")
    for name in options.cases.split(","):
        for bf16 in (False, True):
            net, data, loss_of = case(name, options.steps)
            with tempfile.TemporaryDirectory() as folder:
                save(net.state_dict(), Path(folder) / "weights.safetensors")
                save({k: v.to(torch.int64) if k == "order" else v for k, v in data.items()}, Path(folder) / "data.safetensors")
                theirs = {peer: torch_side(peer, name, net, data, loss_of, options.device, bf16) for peer in peers}
                kind = "bf16" if bf16 else "f32"
                ours = {}
                for way in ("fused", "composed") if options.composed else ("fused",):
                    command = [options.program, name, folder, options.device, kind, way]
                    out = subprocess.run(command, capture_output=True, text=True)
                    if out.returncode != 0:
                        sys.exit(f"{' '.join(map(str, command))}: {out.stderr}")
                    result = json.loads(out.stdout)
                    ours[way] = (result["times"], result["losses"], result["queued"])
            skip = min(WARM, options.steps // 2)
            median = lambda side: float(np.median(side[0][skip:])) * 1e3
            losses = theirs[peers[0]][1]
            difference = max(abs(a - b) for a, b in list(zip(losses, ours["fused"][1], strict=True))[:JUDGED])
            ratio = median(ours["fused"]) / min(map(median, theirs.values()))
            cells = "".join(f"{median(side):8.3f} ms" for side in [*theirs.values(), *ours.values()])
            print(f"{name + ' ' + kind:18}{cells} {ratio:6.2f} {difference:11.1e}  {losses[-1]:.4f} {ours['fused'][1][-1]:.4f}", flush=True)
            print(f"{'':18}queued after {float(np.median(ours['fused'][2][skip:])) * 1e3:.3f} ms", flush=True)
            rows.append({"case": f"{name} {kind}", "ms": {**{f"PyTorch {k}": median(v) for k, v in theirs.items()},
                         **{f"Ironbook {k}": median(v) for k, v in ours.items()}}, "ratio": ratio, "difference": difference})
    if options.save:
        where = torch.cuda.get_device_name() if options.device == "cuda" else "CPU"
        options.save.write_text(json.dumps({"device": where, "torch": torch.__version__, "rows": rows}, indent=1) + "\n")


main()
