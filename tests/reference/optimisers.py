"""Trains a small net by each rule in PyTorch and writes what came out to optimisers.json.

What goes in is computed from formulas that `tests/optimisers.rs` repeats (those of `pytorch.py`): 32 pictures of
4×4, half of them in each step; a hidden layer of six units, tanh, ten classes. Each case names the settings of
`[train]` that it answers to and keeps the loss and the rate of each of twenty steps and the weights at the end,
all in double precision. Beside them stand PyTorch's fans, gains and identities for initial weights.

Rates that change go with plain descent: PyTorch scales the whole memory of momentum with the rate, the slides'
form does not.

    pip install torch
    python tests/reference/optimisers.py
"""

import json
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim import lr_scheduler as schedules
from pytorch import BATCH, STEPS, noise, pictures, start

# Name of the case: settings as in the file, optimiser, and what else PyTorch is told.
CASES = {
    "sgd": ({"optimiser": "sgd", "rate": "0.5"}, torch.optim.SGD, {}),
    "sgd, decay": (
        {"optimiser": "sgd", "rate": "0.5", "weight-decay": "0.05"},
        torch.optim.SGD,
        {"decay": 0.05},
    ),
    "sgd, everything decays": (
        {"optimiser": "sgd", "rate": "0.5", "weight-decay": "0.05", "decay-all": "true"},
        torch.optim.SGD,
        {"decay": 0.05, "all": True},
    ),
    "sgd, clipped": (
        {"optimiser": "sgd", "rate": "0.5", "clip": "0.25"},
        torch.optim.SGD,
        {"clip": 0.25},
    ),
    "momentum": ({"optimiser": "momentum", "rate": "0.1"}, torch.optim.SGD, {"momentum": 0.9}),
    "momentum, decay, clipped": (
        {"optimiser": "{ momentum = 0.8 }", "rate": "0.1", "weight-decay": "0.05", "clip": "0.25"},
        torch.optim.SGD,
        {"momentum": 0.8, "decay": 0.05, "clip": 0.25},
    ),
    "nesterov, decay": (
        {"optimiser": "nesterov", "rate": "0.1", "weight-decay": "0.05"},
        torch.optim.SGD,
        {"momentum": 0.9, "nesterov": True, "decay": 0.05},
    ),
    "adagrad": ({"optimiser": "adagrad", "rate": "0.05"}, torch.optim.Adagrad, {}),
    "adagrad, decay": (
        {"optimiser": "{ name = 'adagrad', epsilon = 1e-3 }", "rate": "0.05", "weight-decay": "0.05"},
        torch.optim.Adagrad,
        {"eps": 1e-3, "decay": 0.05},
    ),
    "rmsprop": ({"optimiser": "rmsprop", "rate": "0.01"}, torch.optim.RMSprop, {"alpha": 0.9}),
    "rmsprop, decay": (
        {"optimiser": "{ name = 'rmsprop', decay = 0.99 }", "rate": "0.01", "weight-decay": "0.05"},
        torch.optim.RMSprop,
        {"decay": 0.05},
    ),
    "adam": ({"optimiser": "adam", "rate": "0.01"}, torch.optim.Adam, {}),
    "adam, decay, clipped": (
        {"optimiser": "adam", "rate": "0.01", "weight-decay": "0.05", "clip": "0.25"},
        torch.optim.Adam,
        {"decay": 0.05, "clip": 0.25},
    ),
    "adamw, decay": (
        {"optimiser": "{ name = 'adamw', beta2 = 0.99 }", "rate": "0.01", "weight-decay": "0.5"},
        torch.optim.AdamW,
        {"betas": (0.9, 0.99), "decay": 0.5},
    ),
    "steps": (
        {"optimiser": "sgd", "rate": "0.5", "schedule": "{ drop = 0.1, at = [3, 7.5] }"},
        torch.optim.SGD,
        {"schedule": lambda o: schedules.MultiStepLR(o, [6, 15], 0.1)},
    ),
    "cosine": (
        {"optimiser": "sgd", "rate": "0.5", "schedule": "{ cosine = 0.1 }"},
        torch.optim.SGD,
        {"schedule": lambda o: schedules.CosineAnnealingLR(o, STEPS, 0.05)},
    ),
    "range": (
        {"optimiser": "sgd", "rate": "0.01", "schedule": "{ range = 1 }"},
        torch.optim.SGD,
        {"schedule": lambda o: schedules.ExponentialLR(o, 100 ** (1 / (STEPS - 1)))},
    ),
    # 0.25 for batches of 8 is 0.5 for 16.
    "warm-up and scaling": (
        {"optimiser": "sgd", "rate": "0.25", "reference-batch": "8", "warm-up": "{ epochs = 4, from = 0.25 }"},
        torch.optim.SGD,
        {"lr": 0.5, "schedule": lambda o: schedules.LinearLR(o, 0.25, 1.0, 8)},
    ),
    "warm-up, cosine": (
        {"optimiser": "sgd", "rate": "0.5", "schedule": "cosine", "warm-up": "{ epochs = 2, from = 0.5 }"},
        torch.optim.SGD,
        {
            "schedule": lambda o: schedules.SequentialLR(
                o,
                [schedules.LinearLR(o, 0.5, 1.0, 4), schedules.CosineAnnealingLR(o, STEPS - 4)],
                [4],
            )
        },
    ),
    "plateau": (
        {
            "optimiser": "sgd",
            "rate": "1",
            "schedule": "{ factor = 0.5, patience = 1, threshold = 0.05 }",
        },
        torch.optim.SGD,
        {"plateau": {"factor": 0.5, "patience": 1, "threshold": 0.05}},
    ),
}


def optimiser_of(net, settings, kind, options):
    weights = [p for p in net.parameters() if p.dim() > 1]
    others = [p for p in net.parameters() if p.dim() == 1]
    decay = options.pop("decay", 0.0)
    groups = [
        {"params": weights, "weight_decay": decay},
        {"params": others, "weight_decay": decay if options.pop("all", False) else 0.0},
    ]
    return kind(groups, lr=options.pop("lr", float(settings["rate"])), **options)


def train(settings, kind, options):
    options = dict(options)
    clip, schedule, plateau = (options.pop(name, None) for name in ("clip", "schedule", "plateau"))
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, 6), nn.Tanh(), nn.Linear(6, 10)).double()
    start(net)
    x, labels = pictures(2 * BATCH, 1, 4), torch.arange(2 * BATCH) % 10
    optimiser = optimiser_of(net, settings, kind, options)
    schedule = schedule(optimiser) if schedule else None
    plateau = schedules.ReduceLROnPlateau(optimiser, **plateau) if plateau else None
    losses, rates, wrong = [], [], 0
    for step in range(STEPS):
        part = slice(step % 2 * BATCH, (step % 2 + 1) * BATCH)
        logits = net(x[part])
        loss = F.cross_entropy(logits, labels[part])
        optimiser.zero_grad()
        loss.backward()
        if clip:
            torch.nn.utils.clip_grad_norm_(net.parameters(), clip)
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        losses.append(loss.item())
        wrong += (logits.argmax(1) != labels[part]).sum().item()
        if schedule:
            schedule.step()
        if plateau and step % 2 == 1:
            plateau.step(wrong / (2 * BATCH))
            wrong = 0
    weights = [[round(w, 9) for w in p.detach().flatten().tolist()] for p in net.parameters()]
    return {"set": settings, "losses": losses, "rates": rates, "weights": weights}


def beginnings():
    """Fans, gains and identities, as PyTorch has them."""
    fans = nn.init._calculate_fan_in_and_fan_out
    shapes = [(12, 5), (8, 3, 5, 2), (8, 2, 3, 3), (6, 1, 3, 3)]
    gains = [("relu", None), ("leaky_relu", 0.2), ("tanh", None), ("selu", None), ("sigmoid", None)]

    def identity(shape, groups):
        ones = nn.init.dirac_(torch.empty(shape), groups).flatten().nonzero().flatten()
        return {"shape": shape, "groups": groups, "ones": ones.tolist()}

    return {
        "fans": [{"shape": shape, "fans": fans(torch.empty(shape))} for shape in shapes],
        "gains": {name: nn.init.calculate_gain(name, slope) for name, slope in gains},
        "identities": [identity((4, 3, 3, 3), 2), identity((6, 4, 2, 5), 1), identity((4, 6, 1, 1), 1)],
    }


def main():
    torch.set_num_threads(1)
    results = {
        "torch": torch.__version__,
        "cases": {name: train(*case) for name, case in CASES.items()},
        "beginnings": beginnings(),
    }
    path = pathlib.Path(__file__).with_name("optimisers.json")
    path.write_text(json.dumps(results, indent=None, separators=(",", ":")).replace('"set"', '\n"set"') + "\n")


if __name__ == "__main__":
    main()
