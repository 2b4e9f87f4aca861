"""Looks into the net of looking.toml with PyTorch and writes what is seen to looking.safetensors.

Weights and pictures come from the formulas of pytorch.py, so that only what is seen needs to be kept: activations,
the strongest patches, the gradient by the picture, guided back-propagation, the deconvnet, occlusion, the class
activation map, and the gradient of the loss by one convolution's output and weights. Computed in double precision.

    pip install torch safetensors
    python tests/reference/looking.py
"""

import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

from pytorch import noise, pictures, start

N_PICTURES, N_PATCHES, SHOWN = 32, 3, 5
UNITS = {"layers.1": (3, None), "layers.7": (5, (2, 6)), "layers.11": (7, (0, 0))}
SIDE, STRIDE = 3, 1


class Rectify(torch.autograd.Function):
    """A ReLU with a way back by another rule."""

    @staticmethod
    def forward(ctx, x, rule):
        ctx.save_for_backward(x)
        ctx.rule = rule
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        if ctx.rule in ("guided", "deconvnet"):
            dy = dy.clamp(min=0)
        if ctx.rule in ("gradient", "guided"):
            dy = dy * (x > 0)
        return dy, None


class Net(nn.Module):
    """Parameters in the order of the program's."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 5, padding=2)
        self.conv2 = nn.Conv2d(8, 12, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(12)
        self.conv3 = nn.Conv2d(12, 12, 3, padding=1, bias=False)
        self.norm3 = nn.BatchNorm2d(12)
        self.conv4 = nn.Conv2d(12, 16, 3, stride=2, padding=1)
        self.linear = nn.Linear(16, 10)

    def forward(self, x, rule="gradient"):
        """What each layer gives, by the program's paths."""
        relu = lambda x: Rectify.apply(x, rule)
        seen = {"layers.0": self.conv1(x)}
        seen["layers.1"] = relu(seen["layers.0"])
        seen["layers.2"] = F.max_pool2d(seen["layers.1"], 3, 2, 1)
        seen["layers.3"] = self.conv2(seen["layers.2"])
        first = relu(self.norm2(seen["layers.3"]))
        seen["layers.7"] = relu(self.norm3(self.conv3(first)) + first)
        seen["layers.8"] = self.conv4(seen["layers.7"])
        seen["layers.9"] = relu(seen["layers.8"])
        seen["layers.11"] = self.linear(seen["layers.9"].mean((2, 3)))[:, :, None, None]
        return seen


def begin(net):
    """The weights of pytorch.py, and running statistics that are not those of the start."""
    start(net)
    with torch.no_grad():
        for k, norm in enumerate([net.norm2, net.norm3]):
            norm.running_mean.copy_((0.1 * noise(12, 100 + k)).float())
            norm.running_var.copy_((1 + 0.5 * noise(12, 200 + k)).float())


def strongest(maps):
    """Value, picture and place of the largest responses of each channel, a picture taking part with one place."""
    values, places = maps.flatten(2).max(2)
    values, order = values.t().sort(dim=1, descending=True, stable=True)
    places = places.t().gather(1, order)
    return torch.stack([values, order.double(), places.double()], 2)[:, :N_PATCHES]


def main():
    torch.set_default_dtype(torch.float64)
    net = Net().eval()
    begin(net)
    every = pictures(N_PICTURES, 3, 16)
    picture = every[SHOWN : SHOWN + 1]
    kept = {}
    with torch.no_grad():
        for path, value in net(picture).items():
            kept[f"activations.{path}"] = value[0]
        for path, value in net(every).items():
            kept[f"patches.{path}"] = strongest(value)
        maps = net(picture)["layers.9"][0]
        kept["class_map"] = torch.einsum("c,chw->hw", net.linear.weight[7], maps)
    for path, (channel, place) in UNITS.items():
        if place is None:
            value = net(picture)[path]
            best = int(value[0, channel].argmax())
            place = (best // value.shape[3], best % value.shape[3])
        for rule in ("gradient", "guided", "deconvnet"):
            x = picture.clone().requires_grad_()
            net(x, rule)[path][0, channel][place].backward()
            kept[f"{rule}.{path}"] = x.grad[0]
        n = (16 - SIDE) // STRIDE + 1
        falls = torch.zeros(n, n)
        with torch.no_grad():
            whole = net(picture)[path][0, channel][place]
            for i in range(n):
                for j in range(n):
                    covered = picture.clone()
                    covered[:, :, i * STRIDE : i * STRIDE + SIDE, j * STRIDE : j * STRIDE + SIDE] = 0
                    falls[i, j] = whole - net(covered)[path][0, channel][place]
        kept[f"occlusion.{path}"] = falls
    net.zero_grad()
    seen = net(picture)
    seen["layers.3"].retain_grad()
    F.cross_entropy(seen["layers.11"][:, :, 0, 0], torch.tensor([SHOWN % 10])).backward()
    kept["loss.layers.3"] = seen["layers.3"].grad[0]
    kept["loss.layers.3.weight"] = net.conv2.weight.grad
    kept = {name: value.float().contiguous() for name, value in kept.items()}
    save_file(kept, pathlib.Path(__file__).with_name("looking.safetensors"), {"torch": torch.__version__})


if __name__ == "__main__":
    main()
