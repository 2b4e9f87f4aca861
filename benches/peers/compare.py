"""Speed and memory beside other programs, in one run, alternating; prints medians and ratios.

    cargo build --release
    python benches/peers/compare.py target/release/convscope [WORK…] [--torch] [--compile] [--burn PATH]
        [--candle PATH] [--device cpu|gpu] [--rounds 5] [--threads 2] [--seconds 4]

At least one peer is named. PyTorch is that of the Python that runs this (`pip install torch`); Burn and candle are
programs of their own, built in their own folders, so that they find benches/peers/.cargo:

    cd benches/peers/burn && cargo build --release      (--features wgpu for `--device gpu`)
    cd benches/peers/candle && cargo build --release    (--features cuda for `--device gpu`)

where target/release/peer-burn and target/release/peer-candle then are what `--burn` and `--candle` name.

First each peer says how many parameters its net has, and what it answers to the same pictures with the same
parameters: the number must be that of `convscope bench`, the answers must agree between the peers. Then a round
measures each contender for some seconds, each in a process of its own pinned to the same cores; a ratio compares
neighbours in time, so that what else the machine does falls on both. All take their steps by SGD with momentum. The
peers have their batches ready in memory; the program does all that a step and an evaluation consist of (gathering,
normalising, metrics). PyTorch runs eagerly in both of its memory formats, and with `--compile` through
`torch.compile` in the second (which takes minutes to begin with). A ratio is to the best contender of a peer in the
same round, above 1 where the program is ahead. Memory is that of the process, not of a GPU.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from work import WORK

# What is measured, how it is called, and whether more of it is better.
MEASURES = {
    "train": ("training, images/s", True),
    "eval": ("evaluation, images/s", True),
    "first_step": ("first step done after, s", False),
    "mib": ("most memory held, MiB", False),
}

# How far answers of the same net may be apart, relative to their size: sums of some thousand products in another
# order, normalised by up to 56 layers one after the other.
TOLERANCE = 1e-3


def contenders(arguments):
    """For each peer by name its contenders by name, and the command that each is, but for its job."""
    found = {}
    if arguments.torch:
        script = [sys.executable, str(Path(__file__).with_name("pytorch.py")), str(arguments.threads)]
        layouts = ["contiguous", "channels-last"] + ["compiled"] * arguments.compile
        found["PyTorch"] = {f"PyTorch, {layout}": script + [layout] for layout in layouts}
    if arguments.burn:
        found["Burn"] = {"Burn": [arguments.burn]}
    if arguments.candle:
        found["candle"] = {"candle": [arguments.candle]}
    return found


def run(command, arguments):
    """The line of JSON that a command prints."""
    environment = dict(os.environ, RAYON_NUM_THREADS=str(arguments.threads))
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"`{command[0]}` failed: {done.stderr.strip() or done.returncode}")
    return json.loads(done.stdout)


def their_figures(work, command, arguments, check=False):
    job = {"work": work, **WORK[work]._asdict(), "device": arguments.device, "seconds": arguments.seconds}
    return run(command + [json.dumps({**job, "check": check, "started_at": time.time()})], arguments)


def our_figures(work, arguments, seconds):
    command = [arguments.binary, "bench", work, "--device", arguments.device, "--json", "--seconds", str(seconds)]
    found = run(command, arguments)
    return {
        "train": found["train_images_per_second"],
        "eval": found["eval_images_per_second"],
        "first_step": found["first_step_seconds"],
        "mib": found["peak_memory_mib"],
        "parameters": found["parameters"],
    }


def check(work, peers, arguments):
    """Ends the comparison where a peer has another net; returns the number of parameters and the peers' versions."""
    parameters, answer, versions = our_figures(work, arguments, 0.01)["parameters"], None, {}
    for peer, its_contenders in peers.items():
        for name, command in its_contenders.items():
            found = their_figures(work, command, arguments, check=True)
            if found["parameters"] != parameters:
                sys.exit(f"`{work}` has {parameters:,} parameters here and {found['parameters']:,} in {name}.")
            answer = found["answer"] if answer is None else answer
            if not math.isclose(answer, found["answer"], rel_tol=TOLERANCE):
                sys.exit(f"`{work}` answers {found['answer']} in {name}, and {answer} in {next(iter(peers))}.")
            versions[peer] = found["version"]
    return parameters, versions


def compare(work, peers, arguments):
    every = {name: command for contenders in peers.values() for name, command in contenders.items()}
    rounds = []
    for _ in range(arguments.rounds):
        ours = our_figures(work, arguments, arguments.seconds)
        rounds.append((ours, {name: their_figures(work, command, arguments) for name, command in every.items()}))
    for key, (what, more_is_better) in MEASURES.items():
        medians = [statistics.median(ours[key] for ours, _ in rounds)]
        medians += [statistics.median(theirs[name][key] for _, theirs in rounds) for name in every]
        cells = [f"{value:,.0f}" if value >= 100 else f"{value:.2f}" for value in medians]
        for its_contenders in peers.values():
            ratios = []
            for ours, theirs in rounds:
                values = [theirs[name][key] for name in its_contenders]
                ratios.append(ours[key] / max(values) if more_is_better else min(values) / ours[key])
            cells.append(f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
        print(f"| `{work}` | {what} | {' | '.join(cells)} |", flush=True)


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("work", nargs="*", help="names of `convscope bench`; all of them by default")
    parser.add_argument("--torch", action="store_true", help="PyTorch takes part; on the CPU alone")
    parser.add_argument("--compile", action="store_true", help="torch.compile takes part, too")
    parser.add_argument("--burn", metavar="PATH", help="peer-burn, which takes part")
    parser.add_argument("--candle", metavar="PATH", help="peer-candle, which takes part")
    parser.add_argument("--device", choices=["cpu", "gpu"], default="cpu")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=4.0, help="for training, and again for evaluation")
    arguments = parser.parse_args()
    unknown = [work for work in arguments.work if work not in WORK]
    if unknown:
        parser.error(f"there is no work `{unknown[0]}`; there is {', '.join(WORK)}")
    if not (arguments.torch or arguments.burn or arguments.candle):
        parser.error("nobody to compare with: name --torch, --burn PATH or --candle PATH")
    if arguments.torch and arguments.device != "cpu":
        parser.error("pytorch.py measures on the CPU alone")
    return arguments


def main():
    arguments = read_arguments()
    if hasattr(os, "sched_setaffinity"):
        # All that is started from here stays on these cores.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.threads])
    peers, chosen = contenders(arguments), arguments.work or list(WORK)
    checked = {work: check(work, peers, arguments) for work in chosen}
    versions = checked[chosen[0]][1]
    named = ", ".join(f"{peer} {version}" for peer, version in versions.items())
    print(f"{named}; {arguments.threads} threads, {arguments.rounds} rounds; medians\n")
    print("Parameters, in all of them: " + ", ".join(f"`{work}` {n:,}" for work, (n, _) in checked.items()) + ".\n")
    names = [name for its_contenders in peers.values() for name in its_contenders]
    header = ["work", "what", "here", *names, *(f"ratio to {peer} (spread)" for peer in peers)]
    print(f"| {' | '.join(header)} |\n" + "|---" * len(header) + "|", flush=True)
    for work in chosen:
        compare(work, peers, arguments)


if __name__ == "__main__":
    main()
