"""Reference values for the layers, losses, optimisers and schedules: PyTorch 2.15.0, CPU (pip install torch==2.15.0).

python make.py > layers.json

Inputs and weights are made by a 64-bit generator that the Rust test repeats (SplitMix64, uniform in -1..1), tensor
after tensor in the order of `state` below, so only results are stored. Everything is f64.
"""

import json

import torch
import torch.nn.functional as F
from torch import nn

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)


class Stream:
    def __init__(self, seed):
        self.state, self.mask = seed, (1 << 64) - 1

    def tensor(self, *shape):
        count = 1
        for size in shape:
            count *= size
        out = []
        for _ in range(count):
            self.state = (self.state + 0x9E3779B97F4A7C15) & self.mask
            z = self.state
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & self.mask
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & self.mask
            out.append(((z ^ (z >> 31)) >> 11) / 2.0**53 * 2 - 1)
        return torch.tensor(out).reshape(shape)


def flat(t):
    return [float(f"{x:.13g}") for x in t.detach().double().flatten().tolist()]


class Causal(nn.Module):
    """MultiheadAttention with its mask."""

    def __init__(self, inner, causal):
        super().__init__()
        self.inner, self.causal = inner, causal

    def forward(self, x):
        t = x.shape[1]
        mask = torch.full((t, t), float("-inf")).triu(1) if self.causal else None
        return self.inner(x, x, x, attn_mask=mask, need_weights=False)[0]

    def named_parameters(self, *a, **k):
        return self.inner.named_parameters(*a, **k)


class Block(nn.Module):
    def __init__(self, causal):
        super().__init__()
        self.inner = nn.TransformerEncoderLayer(8, 2, 12, 0.0, "gelu", batch_first=True, norm_first=True)
        self.causal = causal

    def forward(self, x):
        t = x.shape[1]
        mask = torch.full((t, t), float("-inf")).triu(1) if self.causal else None
        return self.inner(x, src_mask=mask)

    def named_parameters(self, *a, **k):
        return self.inner.named_parameters(*a, **k)


LAYERS = {
    "linear": (nn.Linear(5, 3), (4, 5)),
    "linear_3d": (nn.Linear(5, 3), (2, 3, 5)),
    "linear_relu": (nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 2)), (4, 5)),
    "conv2d": (nn.Conv2d(2, 3, 3), (2, 2, 5, 6)),
    "conv2d_padded": (nn.Conv2d(2, 4, 3, stride=2, padding=1), (2, 2, 7, 6)),
    "conv2d_dilated": (nn.Conv2d(2, 3, 2, dilation=2, padding=1), (1, 2, 5, 5)),
    "conv2d_grouped": (nn.Conv2d(4, 6, 3, padding=1, groups=2), (2, 4, 4, 4)),
    "conv1d": (nn.Conv1d(3, 4, 3, stride=2, padding=1), (2, 3, 9)),
    "conv_relu_pool": (nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)), (3, 2, 6, 6)),
    "conv_relu_pool_wide": (
        nn.Sequential(nn.Conv2d(8, 18, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1)), (2, 8, 5, 6),
    ),
    "conv_pool": (nn.Sequential(nn.Conv2d(4, 5, 2, stride=2), nn.MaxPool2d(2)), (2, 4, 9, 8)),
    "conv_pool_dilated": (
        nn.Sequential(nn.Conv2d(4, 6, 2, dilation=2, padding=1), nn.ReLU(), nn.MaxPool2d(2, stride=1)), (1, 4, 7, 6),
    ),
    "linear_chain": (
        nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 6), nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3), nn.ReLU()),
        (2, 3, 5),
    ),
    "max_pool": (nn.MaxPool2d(2), (2, 2, 5, 4)),
    "max_pool_padded": (nn.MaxPool2d(3, stride=2, padding=1), (1, 2, 6, 5)),
    "avg_pool": (nn.AvgPool2d(2), (2, 2, 4, 5)),
    "avg_pool_padded": (nn.AvgPool2d(3, stride=2, padding=1), (1, 2, 5, 6)),
    "layer_norm": (nn.LayerNorm(6), (3, 2, 6)),
    "rms_norm": (nn.RMSNorm(6, eps=1e-5), (3, 2, 6)),
    "group_norm": (nn.GroupNorm(2, 4), (2, 4, 3, 2)),
    "batch_norm": (nn.BatchNorm2d(3), (4, 3, 2, 2)),
    "batch_norm_1d": (nn.BatchNorm1d(3), (5, 3)),
    "relu": (nn.ReLU(), (3, 4)),
    "gelu": (nn.GELU(), (3, 4)),
    "gelu_tanh": (nn.GELU("tanh"), (3, 4)),
    "silu": (nn.SiLU(), (3, 4)),
    "sigmoid": (nn.Sigmoid(), (3, 4)),
    "tanh": (nn.Tanh(), (3, 4)),
    "softplus": (nn.Softplus(), (3, 4)),
    "softmax": (nn.Softmax(-1), (3, 4)),
    "log_softmax": (nn.LogSoftmax(-1), (3, 4)),
    "attention": (Causal(nn.MultiheadAttention(8, 2, batch_first=True), False), (2, 3, 8)),
    "attention_causal": (Causal(nn.MultiheadAttention(8, 2, batch_first=True), True), (2, 4, 8)),
    "block": (Block(False), (2, 3, 8)),
    "block_causal": (Block(True), (1, 4, 8)),
}


def layer(name, module, shape):
    stream = Stream(len(name))
    x = (3 * stream.tensor(*shape)).requires_grad_()
    params = list(module.named_parameters())
    for _, p in params:
        p.data = stream.tensor(*p.shape)
    out = module(x)
    probe = stream.tensor(*out.shape)
    (out * probe).sum().backward()
    result = {
        "shape": list(shape),
        "names": [n for n, _ in params],
        "output": flat(out),
        "of_input": flat(x.grad),
        "grads": {n: flat(p.grad) for n, p in params},
    }
    if hasattr(module, "running_mean"):
        result["running_mean"], result["running_var"] = flat(module.running_mean), flat(module.running_var)
        module.eval()
        result["eval"] = flat(module(x))
    return result


def embedding():
    stream = Stream(9)
    e = nn.Embedding(5, 3)
    e.weight.data = stream.tensor(5, 3)
    index = torch.tensor([[0, 3, 3], [4, 0, 1]])
    out = e(index)
    (out * stream.tensor(2, 3, 3)).sum().backward()
    return {"output": flat(out), "of_weight": flat(e.weight.grad)}


def rope():
    # Half-split rotation as in Llama, written with complex numbers, which our code does not use.
    stream = Stream(4)
    x = stream.tensor(2, 3, 5, 6).requires_grad_()
    half = 3
    freq = 10000.0 ** (-torch.arange(half) / half)
    angle = torch.polar(torch.ones(5, half), torch.outer(torch.arange(5.0), freq))
    turned = torch.complex(x[..., :half], x[..., half:]) * angle
    out = torch.cat([turned.real, turned.imag], -1)
    (out * stream.tensor(2, 3, 5, 6)).sum().backward()
    return {"output": flat(out), "of_input": flat(x.grad)}


def losses():
    stream = Stream(5)
    x = (2 * stream.tensor(6, 4)).requires_grad_()
    y = torch.tensor([0, 1, 2, 3, 1, 1])
    t = (stream.tensor(6, 4) + 1) / 2
    w = stream.tensor(6) + 1.5
    rows = lambda l: (l.reshape(6, -1).mean(1) * w).sum() / w.sum()
    cases = {
        "cross_entropy": lambda: F.cross_entropy(x, y),
        "cross_entropy_smooth": lambda: F.cross_entropy(x, y, label_smoothing=0.1),
        "bce": lambda: F.binary_cross_entropy_with_logits(x, t),
        "mse": lambda: F.mse_loss(x, t),
        "huber": lambda: F.huber_loss(x, t, delta=0.7),
        "cross_entropy_weighted": lambda: rows(F.cross_entropy(x, y, reduction="none")),
        "cross_entropy_smooth_weighted": lambda: rows(F.cross_entropy(x, y, label_smoothing=0.1, reduction="none")),
        "bce_weighted": lambda: rows(F.binary_cross_entropy_with_logits(x, t, reduction="none")),
        "mse_weighted": lambda: rows(F.mse_loss(x, t, reduction="none")),
        "huber_weighted": lambda: rows(F.huber_loss(x, t, delta=0.7, reduction="none")),
    }
    out = {}
    for name, f in cases.items():
        x.grad = None
        loss = f()
        loss.backward()
        out[name] = {"loss": loss.item(), "of_output": flat(x.grad)}
    return out


def optimizers():
    cases = {
        "sgd": lambda p: torch.optim.SGD(p, 0.1),
        "sgd_momentum": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9),
        "sgd_nesterov": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.05),
        "adam": lambda p: torch.optim.Adam(p, 0.01),
        "adam_decay": lambda p: torch.optim.Adam(p, 0.01, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.1),
        "adamw": lambda p: torch.optim.AdamW(p, 0.01),
        "adamw_decay": lambda p: torch.optim.AdamW(p, 0.02, betas=(0.9, 0.95), weight_decay=0.1),
        "adamw_clip_norm": lambda p: torch.optim.AdamW(p, 0.02),
        "adamw_clip_value": lambda p: torch.optim.AdamW(p, 0.02),
    }
    out = {}
    for name, make in cases.items():
        stream = Stream(6)
        net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
        for _, p in net.named_parameters():
            p.data = stream.tensor(*p.shape)
        x, y = stream.tensor(8, 3), stream.tensor(8, 1)
        optimizer = make(net.parameters())
        steps = []
        for _ in range(12):
            optimizer.zero_grad()
            loss = F.mse_loss(net(x), y)
            loss.backward()
            if name.endswith("norm"):
                nn.utils.clip_grad_norm_(net.parameters(), 0.3)
            if name.endswith("value"):
                nn.utils.clip_grad_value_(net.parameters(), 0.05)
            optimizer.step()
            steps.append({"loss": loss.item(), "first": flat(net[0].weight), "last": flat(net[2].bias)})
        out[name] = steps
    return out


def schedules():
    from torch.optim import lr_scheduler as s

    total = 20
    cases = {
        "constant": lambda o: s.ConstantLR(o, factor=1.0, total_iters=1),
        "step": lambda o: s.StepLR(o, 6, 0.5),
        "cosine": lambda o: s.CosineAnnealingLR(o, total, eta_min=0.01),
        "one_cycle": lambda o: s.OneCycleLR(o, 0.3, total_steps=total, pct_start=0.3, cycle_momentum=True),
        "warmup_cosine": lambda o: s.LambdaLR(
            o, lambda i: i / 5 if i < 5 else 0.5 * (1 + torch.cos(torch.tensor(torch.pi * (i - 5) / 15)).item())),
        "warmup_linear": lambda o: s.LambdaLR(o, lambda i: i / 5 if i < 5 else 1 - (i - 5) / 15),
    }
    out = {}
    for name, make in cases.items():
        o = torch.optim.SGD([nn.Parameter(torch.zeros(1))], 0.3, momentum=0.9)
        schedule = make(o)
        rates = []
        for i in range(total):
            rates.append(o.param_groups[0]["lr"])
            o.step()
            if i < total - 1:
                schedule.step()
        out[name] = rates
    o = torch.optim.SGD([nn.Parameter(torch.zeros(1))], 0.3)
    plateau = s.ReduceLROnPlateau(o, factor=0.5, patience=2)
    losses = [1.0, 0.9, 0.95, 0.94, 0.93, 0.92, 0.91, 0.9, 0.89995, 0.8, 0.8, 0.8, 0.8, 0.8]
    rates = []
    for loss in losses:
        plateau.step(loss)
        rates.append(o.param_groups[0]["lr"])
    out["plateau"] = {"losses": losses, "rates": rates}
    return out


print(json.dumps({
    "torch": torch.__version__.split("+")[0],
    "layers": {name: layer(name, *case) for name, case in LAYERS.items()},
    "embedding": embedding(), "rope": rope(), "losses": losses(),
    "optimizers": optimizers(), "schedules": schedules(),
}))
