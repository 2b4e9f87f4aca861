"""The work of `convscope bench`, by name: what its pictures and batches are."""

from typing import NamedTuple


class Work(NamedTuple):
    """Channels and side of the pictures, batches of training and evaluation, whether each pixel has a class."""

    channels: int
    side: int
    batch: int
    eval_batch: int
    per_pixel: bool = False


WORK = {
    "lenet": Work(1, 28, 64, 256),
    "wide-lenet": Work(3, 32, 64, 256),
    "resnet-20-b32": Work(3, 32, 32, 256),
    "resnet-20-b128": Work(3, 32, 128, 256),
    "plain-56": Work(3, 32, 128, 256),
    "resnet-56": Work(3, 32, 128, 256),
    "resnet-18": Work(3, 224, 8, 16),
    "u-net": Work(3, 64, 16, 64, per_pixel=True),
}
