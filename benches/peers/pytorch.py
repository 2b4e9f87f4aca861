"""Speed and memory beside PyTorch on the CPU, in one run, alternating; prints medians and ratios.

    pip install torch
    cargo build --release
    python benches/peers/pytorch.py target/release/convscope [WORK…] [--rounds 5] [--threads 2] [--compile]

A round measures each contender for some seconds, each in a process of its own pinned to the same cores; a ratio
compares neighbours in time, so that what else the machine does falls on both. PyTorch runs eagerly in both of its
memory formats, and with `--compile` through `torch.compile` in the second (which takes minutes to begin with), with
its batches ready in memory; the program does all that a step and an evaluation consist of (gathering, normalising,
metrics). Ratios are to the best of PyTorch's contenders in the same round, above 1 where the program is ahead.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

CONTENDERS = ["contiguous", "channels-last"]
# What is measured, how it is called, and whether more of it is better.
MEASURES = {
    "train": ("training, images/s", True),
    "eval": ("evaluation, images/s", True),
    "first_step": ("first step done after, s", False),
    "mib": ("most memory held, MiB", False),
}


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


def measure_torch(work, contender, seconds, threads, started_at):
    """In a process of its own: PyTorch's figures for one piece of work, as a line of JSON."""
    import torch
    import torch.nn.functional as F

    import nets

    torch.set_num_threads(threads)
    make, channels, side, batch, eval_batch, per_pixel = nets.WORK[work]
    layout = torch.contiguous_format if contender == "contiguous" else torch.channels_last
    net = make().to(memory_format=layout)
    model = torch.compile(net) if contender == "compiled" else net
    optimiser = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)

    def pictures(n):
        x = torch.rand(n, channels, side, side).to(memory_format=layout)
        return x, torch.randint(10, (n, side, side) if per_pixel else (n,))

    x, labels = pictures(batch)

    def step():
        optimiser.zero_grad()
        F.cross_entropy(model(x), labels).backward()
        optimiser.step()

    step()
    first_step = time.time() - started_at
    train = batch / median_seconds(step, seconds)
    net.eval()
    x, labels = pictures(eval_batch)

    def evaluate():
        with torch.inference_mode():
            answers = model(x)
            F.cross_entropy(answers, labels).item()
            (answers.argmax(1) != labels).sum().item()

    images = eval_batch / median_seconds(evaluate, seconds)
    print(json.dumps({"train": train, "eval": images, "first_step": first_step, "mib": peak_mib()}))


def their_figures(work, contender, arguments):
    command = [sys.executable, __file__, arguments.binary, work, "--threads", str(arguments.threads)]
    command += ["--seconds", str(arguments.seconds), "--contender", contender, "--started-at", repr(time.time())]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def our_figures(work, arguments):
    command = [arguments.binary, "bench", work, "--device", "cpu", "--json", "--seconds", str(arguments.seconds)]
    environment = dict(os.environ, RAYON_NUM_THREADS=str(arguments.threads))
    found = json.loads(subprocess.run(command, check=True, env=environment, capture_output=True, text=True).stdout)
    return {
        "train": found["train_images_per_second"],
        "eval": found["eval_images_per_second"],
        "first_step": found["first_step_seconds"],
        "mib": found["peak_memory_mib"],
    }


def compare(work, contenders, arguments):
    rounds = []
    for _ in range(arguments.rounds):
        ours = our_figures(work, arguments)
        rounds.append((ours, [their_figures(work, contender, arguments) for contender in contenders]))
    for key, (name, more_is_better) in MEASURES.items():
        ratios = []
        for ours, theirs in rounds:
            values = [peer[key] for peer in theirs]
            ratios.append(ours[key] / max(values) if more_is_better else min(values) / ours[key])
        medians = [statistics.median(ours[key] for ours, _ in rounds)]
        medians += [statistics.median(theirs[i][key] for _, theirs in rounds) for i in range(len(contenders))]
        cells = [f"{value:,.0f}" if value >= 100 else f"{value:.2f}" for value in medians]
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"| `{work}` | {name} | {' | '.join(cells)} | {spread} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("work", nargs="*", help="names of `convscope bench`; all that are in nets.py by default")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=4.0, help="for training, and again for evaluation")
    parser.add_argument("--compile", action="store_true", help="let torch.compile take part")
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    parser.add_argument("--started-at", type=float, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contender:
        work, seconds, threads = arguments.work[0], arguments.seconds, arguments.threads
        return measure_torch(work, arguments.contender, seconds, threads, arguments.started_at)
    if hasattr(os, "sched_setaffinity"):
        # All that is started from here stays on these cores.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.threads])
    import torch

    from nets import WORK

    contenders = CONTENDERS + ["compiled"] * arguments.compile
    print(f"PyTorch {torch.__version__}, {arguments.threads} threads, {arguments.rounds} rounds; medians\n")
    print("| work | what | here | " + " | ".join(f"PyTorch, {name}" for name in contenders) + " | ratio (spread) |")
    print("|---" * (len(contenders) + 4) + "|")
    for work in arguments.work or WORK:
        compare(work, contenders, arguments)


if __name__ == "__main__":
    main()
