#!/usr/bin/env python3
"""Learning merges: lmscope beside Hugging Face's tokenizers, on the same texts, cores and settings, in one run.

    cargo build --release
    python3 -m venv /path/to/venv && /path/to/venv/bin/pip install tokenizers==0.23.3
    /path/to/venv/bin/python tests/bench/training.py --merges 32000 CORPUS.TXT

Both read the files, cut them as GPT-2 does into bytes, and write a tokenizer.json; the two have to hold the same merges in
the same order. Turns alternate, so that both see the same machine; each line is one pair of turns, the last one the ratio
of the best of each.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

RIVAL = """
import sys
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
size, output, *corpora = sys.argv[1:]
tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
alphabet = pre_tokenizers.ByteLevel.alphabet()
trainer = trainers.BpeTrainer(vocab_size=int(size), initial_alphabet=alphabet, show_progress=False)
tokenizer.train(corpora, trainer)
tokenizer.save(output)
"""


def timed(command):
    """Seconds that a command takes."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def learned(path):
    """What a tokenizer.json says that was learned."""
    model = json.loads(pathlib.Path(path).read_text(encoding="utf8"))["model"]
    return model["vocab"], [tuple(merge) for merge in model["merges"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpora", nargs="+", metavar="CORPUS")
    parser.add_argument("--merges", type=int, default=32000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--binary", default=str(ROOT / "target/release/lmscope"))
    options = parser.parse_args()
    size = str(options.merges + 256)
    best = [float("inf"), float("inf")]
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = f"{folder}/ours.json", f"{folder}/theirs.json"
        settings = ["--vocab-size", size, "--pre-tokenizer", "gpt2", "-o", ours]
        commands = [
            [options.binary, "train-tokenizer", *settings, *options.corpora],
            [sys.executable, "-c", RIVAL, size, theirs, *options.corpora],
        ]
        for _ in range(options.turns):
            turn = [timed(command) for command in commands]
            best = [min(pair) for pair in zip(best, turn)]
            print(f"lmscope {turn[0]:.2f} s, tokenizers {turn[1]:.2f} s", flush=True)
            if learned(ours) != learned(theirs):
                sys.exit("the merges differ")
        merges = len(learned(ours)[1])
    print(f"the same {merges} merges; lmscope is {best[1] / best[0]:.1f} times as fast")


if __name__ == "__main__":
    main()
