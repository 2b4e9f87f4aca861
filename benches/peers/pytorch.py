"""PyTorch's part in compare.py, which runs this and says how: THREADS CONTENDER JOB in, a line of JSON back."""

import json
import math
import statistics
import sys
import time

import torch
import torch.nn.functional as F

import nets


def peak_mib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def median_seconds(step, seconds):
    """The median time of a step, those left out in which caches and plans are made."""
    times, begin = [], time.perf_counter()
    while time.perf_counter() - begin < seconds or len(times) < 7:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times[2:])


def measure(job, net, model, layout):
    """The figures of one piece of work."""
    optimiser = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)

    def batch(n):
        side = job["side"]
        x = torch.rand(n, job["channels"], side, side).to(memory_format=layout)
        return x, torch.randint(10, (n, side, side) if job["per_pixel"] else (n,))

    x, labels = batch(job["batch"])

    def step():
        optimiser.zero_grad()
        F.cross_entropy(model(x), labels).backward()
        optimiser.step()

    step()
    first_step = time.time() - job["started_at"]
    train = job["batch"] / median_seconds(step, job["seconds"])
    net.eval()
    x, labels = batch(job["eval_batch"])

    def evaluate():
        with torch.inference_mode():
            answers = model(x)
            F.cross_entropy(answers, labels).item()
            (answers.argmax(1) != labels).sum().item()

    images = job["eval_batch"] / median_seconds(evaluate, job["seconds"])
    return {"train": train, "eval": images, "first_step": first_step, "mib": peak_mib()}


@torch.no_grad()
def answer(job, net):
    """The mean answer to what all peers are given; `Peer::answer` in shared/measure.rs says what that is."""
    for parameter in net.parameters():
        parameter.fill_(1 / math.sqrt(parameter.numel()) if parameter.dim() > 1 else 1)
    shape = job["batch"], job["channels"], job["side"], job["side"]
    pictures = torch.arange(math.prod(shape), dtype=torch.float64).sin().float().reshape(shape)
    return net(pictures).mean().item()


def main():
    threads, contender, job = int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
    torch.set_num_threads(threads)
    layout = torch.contiguous_format if contender == "contiguous" else torch.channels_last
    net = nets.NETS[job["work"]]().to(memory_format=layout)
    if job["check"]:
        found = {"answer": answer(job, net)}
    else:
        found = measure(job, net, torch.compile(net) if contender == "compiled" else net, layout)
    n_parameters = sum(parameter.numel() for parameter in net.parameters())
    print(json.dumps({**found, "version": torch.__version__, "parameters": n_parameters}))


if __name__ == "__main__":
    main()
