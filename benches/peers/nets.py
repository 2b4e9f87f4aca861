"""The nets of `convscope bench`, in PyTorch."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    """A block of CIFAR's nets; if residual, with a shortcut that pads channels with zeros."""

    def __init__(self, inputs, outputs, stride, is_residual):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.added, self.stride, self.is_residual = outputs - inputs, stride, is_residual

    def forward(self, x):
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        if not self.is_residual:
            return F.relu(y)
        if self.added:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added))
        return F.relu(y + x)


def cifar(n_blocks, is_residual=True):
    layers, inputs = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()], 16
    for outputs in (16, 32, 64):
        for i in range(n_blocks):
            layers.append(Block(inputs, outputs, 2 if i == 0 and outputs > 16 else 1, is_residual))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


class WideBlock(nn.Module):
    """A residual block of ImageNet's nets, with a projection where the shape changes."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        changes = stride != 1 or inputs != outputs
        projection = [nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)]
        self.shortcut = nn.Sequential(*projection) if changes else nn.Identity()

    def forward(self, x):
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


def resnet_18():
    layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    inputs = 64
    for outputs in (64, 128, 256, 512):
        for i in range(2):
            layers.append(WideBlock(inputs, outputs, 2 if i == 0 and outputs > 64 else 1))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def lenet():
    convolutions = [nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2)]
    return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10))


def wide_lenet():
    convolutions = [
        nn.Conv2d(3, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
    ]
    return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(4096, 128), nn.ReLU(), nn.Linear(128, 10))


class Skip(nn.Module):
    """What comes in, beside what some layers make of it."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return torch.cat([x, self.layers(x)], 1)


def u_net():
    def conv(inputs, outputs):
        return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]

    inner = Skip(nn.MaxPool2d(2), *conv(32, 64), *conv(64, 64), nn.ConvTranspose2d(64, 32, 2, 2))
    outer = Skip(nn.MaxPool2d(2), *conv(16, 32), inner, *conv(64, 32), nn.ConvTranspose2d(32, 16, 2, 2))
    return nn.Sequential(*conv(3, 16), outer, *conv(32, 16), nn.Conv2d(16, 10, 1))


# For each name of `convscope bench`.
NETS = {
    "lenet": lenet,
    "wide-lenet": wide_lenet,
    "resnet-20-b32": lambda: cifar(3),
    "resnet-20-b128": lambda: cifar(3),
    "plain-56": lambda: cifar(9, is_residual=False),
    "resnet-56": lambda: cifar(9),
    "resnet-18": resnet_18,
    "u-net": u_net,
}
