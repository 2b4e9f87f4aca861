"""Training speed beside PyTorch on the CPU, in one run, alternating; prints medians and ratios.

    pip install torch
    cargo build --release
    python benches/peers/pytorch.py target/release/convscope [--rounds 5] [--threads 2]

Each round trains the same net by each contender for some seconds; a ratio compares two neighbours in time, so
that what else the machine does falls on both. PyTorch runs eagerly in both of its memory formats, with its
batches ready in memory, the program with all it does for a step (gathering, normalising, metrics).
"""

import argparse
import json
import os
import statistics
import subprocess
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

SECONDS = 4.0


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.added, self.stride = outputs - inputs, stride

    def forward(self, x):
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(y + F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added)))


def resnet_20():
    layers, inputs = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()], 16
    for outputs in (16, 32, 64):
        for i in range(3):
            layers.append(Block(inputs, outputs, 2 if i == 0 and outputs > 16 else 1))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def lenet():
    convolutions = [nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2)]
    return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10))


def wide_lenet():
    convolutions = [
        nn.Conv2d(3, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
    ]
    return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(4096, 128), nn.ReLU(), nn.Linear(128, 10))


WIDE_LENET = (
    '[{ conv = 32, kernel = 5, padding = 2 }, "relu", { max-pool = 2 }, '
    '{ conv = 64, kernel = 5, padding = 2 }, "relu", { max-pool = 2 }, { linear = 128 }, "relu", { linear = 10 }]'
)

# Name, the net in PyTorch, channels, size, batch, and the settings that make it here.
WORK = [
    ("lenet b64", lenet, 1, 28, 64, ["lenet-glyphs"]),
    ("LeNet 32-64-128 b64", wide_lenet, 3, 32, 64, ["resnet-20-shapes", f"network.layers={WIDE_LENET}"]),
    ("resnet-20 b128", resnet_20, 3, 32, 128, ["resnet-20-shapes"]),
]


def torch_speed(make, channels, size, batch, memory_format):
    net = make().to(memory_format=memory_format)
    optimiser = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)
    x = torch.randn(batch, channels, size, size).to(memory_format=memory_format)
    labels = torch.arange(batch) % 10
    times, begin = [], time.perf_counter()
    while time.perf_counter() - begin < SECONDS or len(times) < 5:
        start = time.perf_counter()
        optimiser.zero_grad()
        F.cross_entropy(net(x), labels).backward()
        optimiser.step()
        times.append(time.perf_counter() - start)
    return batch / statistics.median(times[2:])


def our_speed(binary, threads, batch, settings, log):
    name, *keys = settings
    command = [binary, "train", name, "--device", "cpu", "--log", log]
    keys = keys + [f"train.batch={batch}", "train.rate=0.001", "data.train=1280", "data.test=10", "train.epochs=1000"]
    for key in keys:
        command += ["--set", key]
    steps = 60 if batch > 64 else 400
    command += ["--steps", str(steps)]
    environment = dict(os.environ, RAYON_NUM_THREADS=str(threads))
    subprocess.run(command, check=True, env=environment, capture_output=True)
    with open(log) as file:
        ends = [float(line.split(",")[5]) for line in file.readlines()[1:]]
    # Several steps may share a time: the median is over whole batches of them.
    marks = sorted(set(ends))
    counts = [ends.count(mark) for mark in marks]
    speeds = [n * batch / (b - a) for a, b, n in zip(marks[1:], marks[2:], counts[2:])]
    return statistics.median(speeds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    log = os.path.join(os.environ.get("TMPDIR", "/tmp"), "convscope-speed.csv")
    print(f"PyTorch {torch.__version__}, {arguments.threads} threads, {arguments.rounds} rounds")
    for name, make, channels, size, batch, settings in WORK:
        rows = []
        for _ in range(arguments.rounds):
            ours = our_speed(arguments.binary, arguments.threads, batch, settings, log)
            plain = torch_speed(make, channels, size, batch, torch.contiguous_format)
            last = torch_speed(make, channels, size, batch, torch.channels_last)
            rows.append((ours, plain, last, ours / max(plain, last)))
        ours, plain, last, ratio = ([row[i] for row in rows] for i in range(4))
        text = [f"{statistics.median(values):.0f}" for values in (ours, plain, last)]
        print(
            f"{name}: ours {text[0]} images/s, PyTorch {text[1]}, channels-last {text[2]}; "
            f"ratio to its best {statistics.median(ratio):.2f} ({min(ratio):.2f} to {max(ratio):.2f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
