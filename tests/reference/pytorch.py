"""Trains small copies of the program's nets in PyTorch and writes what came out to pytorch.json.

Everything that goes in is computed from formulas that `tests/pytorch.rs` repeats, so that only the results
need to be kept: the loss of each step, and for each tensor its norm and its projection on a fixed direction,
after the first step's gradient and after the last step. All in double precision, so that what is seen is the
program's rounding and not PyTorch's as well. Plain nets of twenty layers are left out: there the
gradient grows so much from layer to layer that PyTorch's own single precision is 4 % away from its double
precision after twenty steps, and nothing can be told from a comparison. (For the residual net it is 0.07 %.)

    pip install torch
    python tests/reference/pytorch.py
"""

import json
import math
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F

from ops import Apply, Meet

BATCH, STEPS, RATE, MOMENTUM, DECAY = 16, 20, 1e-3, 0.9, 1e-4


def mix(x):
    """The finaliser "lowbias32" on 32-bit words: every bit reaches every other."""
    x ^= x >> 16
    x = x * 0x7FEB352D & 0xFFFFFFFF
    x ^= x >> 15
    x = x * 0x846CA68B & 0xFFFFFFFF
    return x ^ (x >> 16)


def noise(n, name):
    """n numbers between -1 and 1 that look random: mix(i + 1,000,003 name) / 2³¹ - 1."""
    words = mix(torch.arange(n, dtype=torch.int64) + 1_000_003 * name)
    return words.double() / 2**31 - 1


def pictures(n, channels, size):
    """Bytes 0 to 255: the top eight bits of mix(i)."""
    words = mix(torch.arange(n * channels * size * size, dtype=torch.int64))
    return (words >> 24).reshape(n, channels, size, size).double() / 255


class Block(nn.Module):
    """Two 3×3 convolutions and the parameter-free shortcut of He et al. 2015 (option A)."""

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


def residual_net():
    blocks = []
    inputs = 16
    for outputs in (16, 32, 64):
        for i in range(3):
            stride = 2 if i == 0 and outputs > 16 else 1
            blocks.append(Block(inputs, outputs, stride))
            inputs = outputs
    head = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    return nn.Sequential(*head, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def lenet():
    convolutions = [nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2)]
    return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10))


def windows():
    """The layers of `windows.toml`: every kind of window, odd in every way. `padding = "same"` is written out for
    16×16 maps: of the 3 rows that a span of 5 by steps of 2 wants, 1 above; of the 3 columns for 4 taps, 1 before."""
    return nn.Sequential(
        nn.ZeroPad2d((1, 2, 1, 2)),
        nn.Conv2d(3, 8, (3, 4), (2, 1), dilation=(2, 1)),
        nn.Tanh(),
        nn.Conv2d(8, 12, 5, padding=(1, 3), groups=4),
        nn.Tanh(),
        nn.AvgPool2d(3, 2, 1, ceil_mode=True),
        nn.ConvTranspose2d(12, 6, (3, 4), (2, 3), (1, 0), (1, 2), groups=2, dilation=(2, 1)),
        nn.ReLU(),
        Apply(lambda x: F.avg_pool2d(x, 2, 3, ceil_mode=True, divisor_override=1)),
        nn.Conv2d(6, 6, 3, padding="same", groups=6, bias=False),
        nn.Tanh(),
        nn.MaxPool2d(3, 2, 1, ceil_mode=True),
        nn.ConvTranspose2d(6, 4, 2, 2, bias=False),
        nn.Flatten(),
        nn.LazyLinear(10),
    )


def normalised(inputs, outputs, kernel=1, stride=1):
    """A padded convolution and its normalisation."""
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return [convolution, nn.BatchNorm2d(outputs)]


def bottleneck():
    """The layers of `bottleneck.toml`."""

    def block(inputs, narrow, stride, shortcut):
        path = [*normalised(inputs, narrow, 1, stride), nn.ReLU(), *normalised(narrow, narrow, 3), nn.ReLU()]
        path += normalised(narrow, 4 * narrow)
        return [Meet("add", nn.Sequential(*path), nn.Sequential(*shortcut)), nn.ReLU()]

    return nn.Sequential(
        *normalised(3, 8, 5, 2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
        *block(8, 4, 1, normalised(8, 16)),
        *block(16, 4, 1, []),
        *block(16, 8, 2, normalised(16, 32, 1, 2)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 10),
    )


def start(net):
    """Weights √(6 / n_in) · noise, of He's variance; biases 0.01 · noise; scales 1 + 0.1 · noise."""
    for k, parameter in enumerate(net.parameters()):
        values = noise(parameter.numel(), k + 1)
        if parameter.dim() > 1:
            values = values * math.sqrt(6 / parameter[0].numel())
        elif is_scale(net, parameter):
            values = 1 + 0.1 * values
        else:
            values = 0.01 * values
        # Rounded to single precision, as the program takes them.
        parameter.data = values.reshape(parameter.shape).float().double()


def is_scale(net, parameter):
    return any(isinstance(m, nn.BatchNorm2d) and m.weight is parameter for m in net.modules())


def fingerprint(tensor):
    flat = tensor.detach().flatten()
    return [flat.norm().item(), (flat * noise(flat.numel(), 0)).sum().item()]


def alexnet():
    """The layers of `alexnet.toml`. PyTorch divides the sum of a response normalisation by its size."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 7, 2),
        nn.ReLU(),
        nn.LocalResponseNorm(5, 5 * 0.1, 0.75, 2),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(8, 12, 5, padding=2, groups=2),
        nn.ReLU(),
        nn.LocalResponseNorm(3, 3 * 0.1, 0.75, 2),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(12, 16, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 12, 3, padding=1, groups=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(108, 24),
        nn.ReLU(),
        nn.Linear(24, 10),
    )


def encoder_decoder():
    """The layers of `encoder-decoder.toml`."""
    lowest = [nn.Conv2d(8, 12, 3, 2, 1), nn.ReLU(), nn.ConvTranspose2d(12, 8, 2, 2)]
    inner = [
        nn.MaxPool2d(2),
        *normalised(6, 8, 3),
        nn.ReLU(),
        Meet("concat", nn.Sequential(*lowest), nn.Identity()),
        nn.Conv2d(16, 8, 3, padding=1),
        nn.ReLU(),
        nn.Upsample(scale_factor=2, mode="bilinear"),
    ]
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.ReLU(),
        Meet("concat", nn.Sequential(*inner), nn.Identity()),
        nn.Conv2d(14, 6, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(6, 4, 1),
    )


def pixel_labels(n, size):
    """Classes 0 to 4: mix(i + 7) modulo 5. The last does not count."""
    words = mix(torch.arange(n * size * size, dtype=torch.int64) + 7)
    return (words % 5).reshape(n, size, size)


def train(net, channels, size, labels=torch.arange(BATCH * 2) % 10):
    net.double()
    x = pictures(BATCH * 2, channels, size)
    net.eval()(x[:1])  # Lazy layers take their shape.
    net.train()
    start(net)
    loss_of = lambda z, labels: F.cross_entropy(z, labels, ignore_index=4 if z.dim() == 4 else -100)
    weights = [p for p in net.parameters() if p.dim() > 1]
    others = [p for p in net.parameters() if p.dim() == 1]
    groups = [{"params": weights, "weight_decay": DECAY}, {"params": others}]
    optimiser = torch.optim.SGD(groups, lr=RATE, momentum=MOMENTUM)
    losses, gradients = [], None
    for step in range(STEPS):
        part = slice(step % 2 * BATCH, (step % 2 + 1) * BATCH)
        loss = loss_of(net(x[part]), labels[part])
        optimiser.zero_grad()
        loss.backward()
        losses.append(loss.item())
        if gradients is None:
            gradients = [fingerprint(p.grad) for p in net.parameters()]
        optimiser.step()
    net.eval()
    with torch.no_grad():
        test_loss = loss_of(net(x), labels).item()
    return {
        "losses": losses,
        "gradients": gradients,
        "weights": [fingerprint(p) for p in net.parameters()],
        "test_loss": test_loss,
    }


def main():
    torch.set_num_threads(1)
    results = {
        "torch": torch.__version__,
        "lenet": train(lenet(), 1, 28),
        "resnet-20": train(residual_net(), 3, 32),
        "windows": train(windows(), 3, 16),
        "bottleneck": train(bottleneck(), 3, 16),
        "alexnet": train(alexnet(), 3, 35),
        "encoder-decoder": train(encoder_decoder(), 3, 16, pixel_labels(BATCH * 2, 16)),
    }
    path = pathlib.Path(__file__).with_name("pytorch.json")
    path.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
