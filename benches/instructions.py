"""Instructions of a training step on the CPU, counted by callgrind and held against those in instructions.json.

    cargo build --release
    python benches/instructions.py target/release/convscope [WORK…] [--update]

A count hardly depends on what else the machine does, so that a step that became slower by its own doing is seen
anywhere. Each piece of work (a name of `convscope bench`) is trained on one thread for two numbers of steps; the
difference over the steps between them leaves out the start. It ends with code 1 where a step takes over 10 % more
than it did. Counts belong to one set of vector instructions: valgrind 3.19 shows programs a processor with AVX2.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys

COUNTS = pathlib.Path(__file__).with_suffix(".json")
FEW, MORE = 1, 3
TOLERANCE = 0.10
# Where nothing else is known: what a step does for one picture is the same in larger batches and deeper nets.
WORK = ["lenet", "wide-lenet", "resnet-20-b32", "u-net"]


def run(binary, work, n_steps):
    """What all instructions of a run are, and the vectors that it used."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    command += [binary, "bench", work, "--device", "cpu", "--steps", str(n_steps)]
    environment = dict(os.environ, RAYON_NUM_THREADS="1")
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    counted = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not counted:
        sys.exit(f"Counting `{work}` failed:\n{done.stderr}")
    return int(counted.group(1)), json.loads(done.stdout)["detail"].split(",")[0]


def per_step(binary, work):
    few, vectors = run(binary, work, FEW)
    more, _ = run(binary, work, MORE)
    return (more - few) / (MORE - FEW), vectors


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("work", nargs="*", help="names of `convscope bench`; those in instructions.json by default")
    parser.add_argument("--update", action="store_true", help="keep what is counted for the next time")
    arguments = parser.parse_args()
    kept = json.loads(COUNTS.read_text()) if COUNTS.exists() else {}
    names = list(dict.fromkeys(name for counts in kept.values() for name in counts)) or WORK
    too_many = []
    for work in arguments.work or names:
        count, vectors = per_step(arguments.binary, work)
        before = kept.setdefault(vectors, {}).get(work)
        millions = round(count / 1e6, 2)
        change = f", {millions / before - 1:+.2%} against {before:,.2f} million" if before else ""
        print(f"{work}, {vectors}: {millions:,.2f} million instructions a step{change}", flush=True)
        if arguments.update:
            kept[vectors][work] = millions
        elif before is None:
            too_many.append(f"Nothing is known of `{work}` with {vectors}: count it with --update.")
        elif millions > before * (1 + TOLERANCE):
            too_many.append(f"A step of `{work}` takes {millions / before - 1:.1%} more instructions than it did.")
    if arguments.update:
        COUNTS.write_text(json.dumps(kept, indent=2) + "\n")
    sys.exit("\n".join(too_many) or 0)


if __name__ == "__main__":
    main()
