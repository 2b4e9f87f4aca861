"""Small residual net.

The net as it was built in ConvScope. The names of its parameters are those in weights.safetensors:

    from safetensors.torch import load_file

    net = build()
    net.load_state_dict(load_file("weights.safetensors"))
    logits = net(preprocess(pictures))  # pictures: (N, 3, 16, 16), 0 to 255
"""

import torch
import torch.nn.functional as F
from torch import nn

CLASSES = ["cat", "dog", "the \"other\""]

# The mean over the training pictures, of brightness from 0 to 1.
MEAN = torch.tensor([0.5, 0.45, 0.4]).view(1, 3, 1, 1)  # (1, C, 1, 1)
# Their standard deviation.
STD = torch.tensor([0.25, 0.2, 0.125]).view(1, 3, 1, 1)  # (1, C, 1, 1)


def preprocess(x):
    """Pictures of bytes or numbers from 0 to 255, (N, 3, 16, 16), to what the net expects."""
    return (x.float() / 255 - MEAN.to(x.device)) / STD.to(x.device)


class FullyConnected(nn.Linear):
    """A linear layer over all numbers of its input: (N, C, H, W) to (N, outputs)."""

    def forward(self, x):
        return super().forward(x.flatten(start_dim=1))


class ZeroPaddedShortcut(nn.Module):
    """The shortcut without weights where the shape changes (He et al. 2015, option A): every stride-th
    pixel, and channels of zeros behind its own."""

    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.stride = stride if isinstance(stride, tuple) else (stride, stride)
        self.extra = out_channels - in_channels

    def forward(self, x):
        x = x[:, :, :: self.stride[0], :: self.stride[1]]
        return F.pad(x, (0, 0, 0, 0, 0, self.extra))


class ResidualBlock(nn.Module):
    """Layers beside the identity, their outputs added."""

    def __init__(self, channels):
        super().__init__()
        self.branches = nn.ModuleList([
            nn.Sequential(
                nn.Conv2d(channels, channels, kernel_size=3, padding=1),
                nn.ReLU(),
                nn.Conv2d(channels, channels, kernel_size=3, padding=1),
            ),
            nn.Identity(),
        ])

    def forward(self, x):
        return self.branches[0](x) + self.branches[1](x)


class PaddedResidualBlock(nn.Module):
    """Two branches from the same input, their outputs added."""

    def __init__(self):
        super().__init__()
        self.branches = nn.ModuleList([
            nn.Sequential(
                nn.Conv2d(8, 16, kernel_size=3, stride=2, padding=1),
                nn.ReLU(),
                nn.Conv2d(16, 16, kernel_size=3, padding=1),
            ),
            nn.Sequential(ZeroPaddedShortcut(8, 16, stride=2)),
        ])

    def forward(self, x):
        return self.branches[0](x) + self.branches[1](x)


class Net(nn.Module):
    """Small residual net."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, kernel_size=3, padding=1, bias=False),  # (N, 8, 16, 16)
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Sequential(*[nn.Sequential(ResidualBlock(8), nn.ReLU()) for _ in range(3)]),
            PaddedResidualBlock(),  # (N, 16, 8, 8)
            ResidualBlock(16),
            nn.AdaptiveAvgPool2d(output_size=1),  # (N, 16, 1, 1)
            nn.Dropout(p=0.2),
            FullyConnected(16, 3),  # (N, 3)
        )

    def forward(self, x):
        """Preprocessed pictures, (N, 3, 16, 16), to logits, (N, 3)."""
        return self.layers(x)


def build():
    """The net with random weights, set to answer; net.train() sets it to learn."""
    return Net().eval()
