"""What PyTorch makes of single layers and losses, in double precision, for `tests/pytorch_ops.rs`.

A case is a little net in the words of the experiment file, and the same net in PyTorch:

    source, layers under test, head, loss

The source is a transposed convolution over one pixel, whose weights (N, C, H, W) are the batch of inputs: picture
n of the batch is the n-th unit vector over N channels, so that the source gives input n and the gradient of its
weights is the gradient by the input. The head is a fully connected layer of three units under cross-entropy,
which brings a gradient of all shapes and sizes down; a case of a loss has neither layers nor head. Inputs and
weights are rounded to single precision, as the program takes them; results are not.

Written to ops.safetensors: for the case NAME

    NAME.parameter.K   in the order of the net's parameters, the source first
    NAME.gradient.K
    NAME.output        of the layers under test
    NAME.loss
    NAME.labels

and for cases in several steps the inputs of the later ones as NAME.input.S, the running statistics after them as
NAME.statistic.K, and what testing then gives as NAME.test_output and NAME.test_gradient (by the input). The
metadata hold each case's op and its text.

    pip install torch safetensors
    python tests/reference/ops.py
"""

import json
import pathlib
from dataclasses import dataclass, field

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

N_CLASSES = 3


@dataclass
class Case:
    """Layers under test, in the words of the file and of PyTorch, over an input (N, C, H, W)."""

    name: str
    op: str
    layers: str
    input: tuple
    module: nn.Module = field(default_factory=nn.Identity)
    n_steps: int = 1
    # How far apart the input's numbers are: large ones reach what activations do far from 0.
    spread: float = 1.0
    # In place of the head and cross-entropy.
    loss: object = None
    train: str = ""
    labels: torch.Tensor = None
    # Whether the loss wants pictures as large as what it is taken of. The one pixel is then their middle.
    of_pixels: bool = False


class Apply(nn.Module):
    """A function of one tensor as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Meet(nn.Module):
    """Branches that meet."""

    def __init__(self, merge, *branches):
        super().__init__()
        self.merge, self.branches = merge, nn.ModuleList(branches)

    def forward(self, x):
        ends = [branch(x) for branch in self.branches]
        return sum(ends) if self.merge == "add" else torch.cat(ends, 1)


def shortcut(channels, stride):
    """Every stride-th pixel, and channels of zeros (He et al. 2015, option A)."""
    return Apply(lambda x: F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, 0, channels - x.shape[1])))


def sum_pool(window, stride, padding=0, ceil=False):
    """`divisor_override` makes the mean a sum."""
    return Apply(lambda x: F.avg_pool2d(x, window, stride, padding, ceil, divisor_override=1))


def convolutions():
    def case(name, layer, input, module):
        return Case(name, "conv", layer, input, module)

    yield case("conv padded", "{ conv = 5, padding = 1 }", (2, 3, 7, 6), nn.Conv2d(3, 5, 3, padding=1))
    yield case(
        "conv odd",
        "{ conv = 4, kernel = [3, 5], stride = [2, 1], padding = [1, 2], bias = false }",
        (3, 2, 9, 7),
        nn.Conv2d(2, 4, (3, 5), (2, 1), (1, 2), bias=False),
    )
    yield case(
        "conv leaving rows out",
        "{ conv = 6, kernel = [2, 3], stride = 3, padding = [2, 0] }",
        (2, 5, 8, 11),
        nn.Conv2d(5, 6, (2, 3), 3, (2, 0)),
    )
    yield case(
        "conv dilated",
        "{ conv = 3, kernel = [3, 2], dilation = [2, 3], padding = [1, 2], stride = [1, 2] }",
        (2, 4, 8, 9),
        nn.Conv2d(4, 3, (3, 2), (1, 2), (1, 2), (2, 3)),
    )
    yield case(
        "conv in groups",
        "{ conv = 9, kernel = 3, padding = 1, groups = 3 }",
        (2, 6, 5, 7),
        nn.Conv2d(6, 9, 3, padding=1, groups=3),
    )
    yield case(
        "conv depthwise",
        "{ conv = 10, kernel = [3, 2], stride = 2, padding = 1, groups = 5, bias = false }",
        (2, 5, 7, 8),
        nn.Conv2d(5, 10, (3, 2), 2, 1, groups=5, bias=False),
    )
    yield case(
        "conv keeping the size",
        '{ conv = 4, kernel = [4, 3], padding = "same", dilation = [1, 2] }',
        (2, 3, 6, 7),
        nn.Conv2d(3, 4, (4, 3), padding="same", dilation=(1, 2)),
    )
    yield case("conv 1x1", "{ conv = 7, kernel = 1, stride = 2 }", (3, 4, 5, 6), nn.Conv2d(4, 7, 1, 2))
    yield case("conv of all", "{ conv = 5, kernel = [4, 5] }", (3, 3, 4, 5), nn.Conv2d(3, 5, (4, 5)))
    yield case("conv wide", "{ conv = 40, padding = 1 }", (2, 17, 6, 5), nn.Conv2d(17, 40, 3, padding=1))
    yield case(
        "conv rectified",
        '{ conv = 6, padding = 1 }, "relu"',
        (2, 4, 6, 5),
        nn.Sequential(nn.Conv2d(4, 6, 3, padding=1), nn.ReLU()),
    )


def transposed_convolutions():
    def case(name, layer, input, module):
        return Case(name, "transposed-conv", layer, input, module)

    yield case("transposed doubling", "{ transposed-conv = 4 }", (2, 3, 4, 5), nn.ConvTranspose2d(3, 4, 2, 2))
    yield case(
        "transposed odd",
        "{ transposed-conv = 3, kernel = [3, 4], stride = [2, 3], padding = [1, 0], output-padding = [1, 2], "
        "bias = false }",
        (2, 5, 4, 3),
        nn.ConvTranspose2d(5, 3, (3, 4), (2, 3), (1, 0), (1, 2), bias=False),
    )
    yield case(
        "transposed dilated in groups",
        "{ transposed-conv = 6, kernel = [3, 2], stride = 2, padding = [2, 1], dilation = [2, 3], groups = 2 }",
        (2, 4, 5, 6),
        nn.ConvTranspose2d(4, 6, (3, 2), 2, (2, 1), groups=2, dilation=(2, 3)),
    )
    yield case(
        "transposed at stride 1",
        '{ transposed-conv = 5, kernel = 3, stride = 1, padding = 1 }, "relu"',
        (2, 2, 5, 4),
        nn.Sequential(nn.ConvTranspose2d(2, 5, 3, 1, 1), nn.ReLU()),
    )


def fully_connected():
    def case(name, layer, input, *modules):
        return Case(name, "linear", layer, input, nn.Sequential(nn.Flatten(), *modules))

    yield case("linear over maps", "{ linear = 7 }", (5, 3, 4, 3), nn.Linear(36, 7))
    yield case("linear without bias", "{ linear = 6, bias = false }", (3, 11, 1, 1), nn.Linear(11, 6, False))
    yield case("linear rectified", '{ linear = 20 }, "relu"', (4, 2, 3, 3), nn.Linear(18, 20), nn.ReLU())


def pools():
    average = {
        "two": ("average-pool = 2", nn.AvgPool2d(2)),
        "overlapping": ("average-pool = 3, stride = 2, padding = 1", nn.AvgPool2d(3, 2, 1)),
        "over the edge": (
            "average-pool = [3, 2], stride = [2, 3], padding = [1, 0], ceil = true",
            nn.AvgPool2d((3, 2), (2, 3), (1, 0), True),
        ),
    }
    largest = {
        "two": ("max-pool = 2", nn.MaxPool2d(2)),
        "overlapping": ("max-pool = 3, stride = 2, padding = 1", nn.MaxPool2d(3, 2, 1)),
        "over the edge": (
            "max-pool = [2, 3], stride = [3, 2], padding = [1, 1], ceil = true",
            nn.MaxPool2d((2, 3), (3, 2), (1, 1), ceil_mode=True),
        ),
    }
    total = {
        "two": ("sum-pool = 2", sum_pool(2, 2)),
        "over the edge": (
            "sum-pool = [2, 3], stride = [3, 2], padding = [1, 1], ceil = true",
            sum_pool((2, 3), (3, 2), (1, 1), True),
        ),
    }
    for op, kinds in {"average-pool": average, "max-pool": largest, "sum-pool": total}.items():
        for name, (layer, module) in kinds.items():
            yield Case(f"{op} {name}", op, f"{{ {layer} }}", (2, 3, 8, 9), module)
    yield Case(
        "global-average-pool",
        "global-average-pool",
        '"global-average-pool"',
        (3, 6, 5, 3),
        nn.AdaptiveAvgPool2d(1),
    )


def normalisations():
    def case(name, layer, input, module, spread=1.0):
        return Case(name, "batch-norm", layer, input, module, n_steps=3, spread=spread)

    yield case("batch-norm over maps", '"batch-norm"', (4, 5, 3, 4), nn.BatchNorm2d(5))
    yield case(
        "batch-norm with settings",
        "{ layer = \"batch-norm\", epsilon = 0.01, momentum = 0.3 }",
        (3, 4, 5, 3),
        nn.BatchNorm2d(4, eps=0.01, momentum=0.3),
        spread=3.0,
    )
    yield case(
        "batch-norm over vectors",
        '"batch-norm"',
        (9, 6, 1, 1),
        nn.BatchNorm2d(6),
    )
    yield case(
        "batch-norm rectified",
        '"batch-norm", "relu"',
        (4, 3, 4, 5),
        nn.Sequential(nn.BatchNorm2d(3), nn.ReLU()),
    )


def activations():
    plain = {
        "relu": nn.ReLU(),
        "leaky-relu": nn.LeakyReLU(),
        "elu": nn.ELU(),
        "selu": nn.SELU(),
        "gelu": nn.GELU(),
        "silu": nn.SiLU(),
        "tanh": nn.Tanh(),
        "sigmoid": nn.Sigmoid(),
    }
    for name, module in plain.items():
        yield Case(name, name, f'"{name}"', (3, 4, 5, 3), module, spread=3.0)
    leaky, elu = "{ leaky-relu = 0.2 }", "{ elu = 0.7 }"
    yield Case("leaky-relu of 0.2", "leaky-relu", leaky, (2, 3, 4, 5), nn.LeakyReLU(0.2), spread=3.0)
    yield Case("elu of 0.7", "elu", elu, (2, 3, 4, 5), nn.ELU(0.7), spread=3.0)


def rectifiers_that_learn():
    def case(name, layer, input, slopes):
        return Case(name, "prelu", layer, input, nn.PReLU(slopes), spread=3.0)

    yield case("prelu", '"prelu"', (3, 4, 5, 3), 1)
    yield case("prelu by channel", '{ layer = "prelu", per-channel = true }', (3, 4, 5, 3), 4)
    yield case("prelu of vectors", '{ layer = "prelu", per-channel = true }', (4, 7, 1, 1), 7)


def response_normalisations():
    """PyTorch divides the sum by the size, Krizhevsky et al. do not."""

    def case(name, layer, size, alpha, beta, k, spread):
        module = nn.LocalResponseNorm(size, size * alpha, beta, k)
        return Case(name, "lrn", layer, (2, 7, 4, 3), module, spread=spread)

    yield case("lrn", '"lrn"', 5, 1e-4, 0.75, 2.0, 50.0)
    settings = "alpha = 0.25, beta = 0.5, k = 1.5"
    yield case("lrn over three", f'{{ layer = "lrn", size = 3, {settings} }}', 3, 0.25, 0.5, 1.5, 2.0)
    yield case("lrn over four", f'{{ layer = "lrn", size = 4, {settings} }}', 4, 0.25, 0.5, 1.5, 2.0)


def upsamplings():
    for mode in ["nearest", "bilinear"]:
        for factor in [(2, 2), (3, 2), (1, 4)]:
            yield Case(
                f"upsample-{mode} by {factor[0]} and {factor[1]}",
                f"upsample-{mode}",
                f"{{ upsample-{mode} = {list(factor)} }}",
                (2, 3, 4, 5),
                nn.Upsample(scale_factor=factor, mode=mode),
            )


def rearrangements():
    yield Case("flatten", "flatten", '"flatten"', (3, 4, 3, 5), nn.Flatten())
    yield Case("identity", "identity", '"identity"', (3, 4, 3, 5))
    places = torch.tensor(permutation(6, 4 * 5))
    permute = Apply(lambda x: x.flatten(2)[:, :, places].unflatten(2, (4, 5)))
    yield Case("permute-pixels", "permute-pixels", "{ permute-pixels = 6 }", (3, 2, 4, 5), permute)


def mix(x):
    """A hash of 32 bits: murmur's finaliser with Wellons's constants, as the program's random numbers are made of."""
    x ^= x >> 16
    x = x * 0x7FEB352D & 0xFFFFFFFF
    x ^= x >> 15
    x = x * 0x846CA68B & 0xFFFFFFFF
    return x ^ x >> 16


def permutation(seed, n):
    """The permutation of 0..n that the program draws for a layer of this seed (Fisher and Yates, Durstenfeld)."""
    key = mix(seed ^ 0x9E3779B9)
    # The upper half of the seed, and the number of the purpose.
    for word in [0, 7]:
        key = mix(key ^ mix((word + 0x85EBCA6B) & 0xFFFFFFFF))
    order = list(range(n))
    for i in reversed(range(1, n)):
        bits = mix((key + mix(i ^ 0xC2B2AE35)) & 0xFFFFFFFF)
        other = bits * (i + 1) >> 32
        order[i], order[other] = order[other], order[i]
    return order


def meetings():
    yield Case(
        "shortcut",
        "shortcut",
        "{ shortcut = 7, stride = 2 }",
        (2, 4, 5, 6),
        shortcut(7, 2),
    )
    conv = "{ conv = 3, padding = 1 }"
    yield Case(
        "add",
        "add",
        f'{{ merge = "add", branches = [[{conv}], [], ["tanh"]] }}, "relu"',
        (2, 3, 4, 5),
        nn.Sequential(Meet("add", nn.Conv2d(3, 3, 3, padding=1), nn.Identity(), nn.Tanh()), nn.ReLU()),
    )
    yield Case(
        "concat",
        "concat",
        f'{{ merge = "concat", branches = [["tanh"], [{conv}], []] }}',
        (2, 5, 4, 3),
        Meet("concat", nn.Tanh(), nn.Conv2d(5, 3, 3, padding=1), nn.Identity()),
    )


def losses():
    classes = torch.tensor([0, 3, 1, 1, 4])
    tags = torch.tensor([[0, 1, 1, 0, 0, 1], [0] * 6, [1] * 6, [0, 0, 0, 1, 0, 0], [1, 0, 1, 0, 1, 0]])
    one_hot = F.one_hot(classes, 6)

    def case(name, op, loss, labels, train=""):
        train = f"\n[train]\nloss = {train}\n" if train else ""
        of_vectors = lambda z: loss(z.flatten(1))
        return Case(name, op, "", (5, 6, 1, 1), spread=3.0, loss=of_vectors, labels=labels, train=train)

    yield case("cross-entropy", "cross-entropy", lambda z: F.cross_entropy(z, classes), classes)
    yield case(
        "cross-entropy smoothed",
        "cross-entropy",
        lambda z: F.cross_entropy(z, classes, label_smoothing=0.1),
        classes,
        '{ name = "cross-entropy", smoothing = 0.1 }',
    )
    pairs = {"squared-error": F.mse_loss, "sigmoid-cross-entropy": F.binary_cross_entropy_with_logits}
    for op, function in pairs.items():
        for kind, labels, wanted in [("a class", classes, one_hot), ("tags", tags, tags)]:
            loss = lambda z, function=function, wanted=wanted: function(z, wanted.double())
            yield case(f"{op} of {kind}", op, loss, labels, f'"{op}"')


VOID = 255


def losses_of_pixels():
    """Of some pixels nothing is known, and those of the class that is void do not count either."""
    pixels = torch.randint(0, 4, (3, 5, 7), generator=torch.Generator().manual_seed(0))
    pixels[0, 1, 2:5] = pixels[2, 4] = VOID
    for name, void in [("pixel-cross-entropy", None), ("pixel-cross-entropy with a void class", 2)]:
        counted = torch.where(pixels == (-1 if void is None else void), VOID, pixels)
        yield Case(
            name,
            "pixel-cross-entropy",
            "",
            (3, 4, 5, 7),
            spread=3.0,
            loss=lambda z, counted=counted: F.cross_entropy(z, counted, ignore_index=VOID),
            labels=pixels,
            train="\n[train]\nloss = { name = \"pixel-cross-entropy\""
            + (" }\n" if void is None else f", void = {void} }}\n"),
            of_pixels=True,
        )


def cases():
    yield from convolutions()
    yield from transposed_convolutions()
    yield from fully_connected()
    yield from pools()
    yield from normalisations()
    yield from activations()
    yield from meetings()
    yield from losses()
    yield from losses_of_pixels()
    yield from rectifiers_that_learn()
    yield from response_normalisations()
    yield from upsamplings()
    yield from rearrangements()


def draw(generator, *shape):
    """Standard normal numbers that single precision holds exactly."""
    return torch.randn(*shape, generator=generator, dtype=torch.float64).float().double()


def start(net, generator):
    """Weights of He's variance, scales around 1, everything else around 0."""
    for module in net.modules():
        for name, parameter in module.named_parameters(recurse=False):
            numbers = draw(generator, *parameter.shape)
            if parameter.dim() > 1:
                numbers *= (2 / parameter[0].numel()) ** 0.5
            elif isinstance(module, nn.BatchNorm2d) and name == "weight":
                numbers = 1 + 0.2 * numbers
            else:
                numbers *= 0.2
            parameter.data = numbers.float().double()


def tensors_of(case, generator):
    """Runs a case; gives what is to be kept of it."""
    n = case.input[0]
    source = nn.Parameter(case.spread * draw(generator, *case.input))
    with torch.no_grad():
        length = case.module.double().eval()(source).flatten(1).shape[1]
    case.module.train()
    net = [case.module, nn.Flatten(), nn.Linear(length, N_CLASSES)] if case.loss is None else [case.module]
    net = nn.Sequential(*net).double()
    start(net, generator)
    parameters = [source, *net.parameters()]
    labels = torch.arange(n) % N_CLASSES if case.labels is None else case.labels
    loss_of = case.loss or (lambda z: F.cross_entropy(z, labels))
    kept = {"labels": labels.float()}
    for k, parameter in enumerate(parameters):
        kept[f"parameter.{k}"] = parameter.detach().float()
    for step in range(case.n_steps):
        if step > 0:
            source.data = case.spread * draw(generator, *case.input)
            kept[f"input.{step}"] = source.detach().float()
        output = case.module(source)
        loss = loss_of(net[1:](output))
        gradients = torch.autograd.grad(loss, parameters)
    kept |= {"output": output, "loss": loss}
    kept |= {f"gradient.{k}": gradient for k, gradient in enumerate(gradients)}
    statistics = [buffer for buffer in net.buffers() if buffer.dim() == 1]
    if statistics:
        kept |= {f"statistic.{k}": statistic for k, statistic in enumerate(statistics)}
        net.eval()
        output = case.module(source)
        kept |= {"test_output": output, "test_gradient": torch.autograd.grad(loss_of(net[1:](output)), source)[0]}
    return {f"{case.name}.{key}": tensor.detach().clone().contiguous() for key, tensor in kept.items()}


def text_of(case):
    """The case in the words of the experiment file."""
    n, channels, height, width = case.input
    size = [height, width] if case.of_pixels else [1, 1]
    padding = [side // 2 for side in size]
    source = (
        f"{{ transposed-conv = {channels}, kernel = [{height}, {width}], stride = 1, padding = {padding}, "
        "bias = false }"
    )
    head = f"{{ linear = {N_CLASSES} }}" if case.loss is None else ""
    layers = ",\n  ".join(part for part in [source, case.layers, head] if part)
    return f"[network]\ninput = {[n, *size]}\nlayers = [\n  {layers},\n]\n{case.train}"


def main():
    torch.set_num_threads(1)
    tensors, listed = {}, []
    for number, case in enumerate(cases()):
        tensors |= tensors_of(case, torch.Generator().manual_seed(number))
        listed.append({"name": case.name, "op": case.op, "text": text_of(case), "steps": case.n_steps})
    path = pathlib.Path(__file__).with_name("ops.safetensors")
    save_file(tensors, path, {"torch": torch.__version__, "cases": json.dumps(listed)})
    print(f"{len(listed)} cases, {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
