#!/usr/bin/env python3
"""Decoding and prefill speed of lmscope beside llama.cpp's, on the same file and threads, in one run.

    cargo build --release
    python3 -m venv /path/to/venv && /path/to/venv/bin/pip install xllamacpp==2026.10.11549
    /path/to/venv/bin/python tests/bench/llama_cpp.py SmolLM2-135M-Instruct.Q4_1.gguf --threads 2

Runs alternate, so that both see the same machine; each line is one pair, the last one the median of the ratios.
"""

import argparse
import json
import pathlib
import statistics
import subprocess

import xllamacpp

ROOT = pathlib.Path(__file__).resolve().parents[2]


def rival(model, threads):
    """A function that runs llama.cpp once and gives (prefill, decode) in tokens per second."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model)
    parameters.n_ctx = 1024
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    parameters.n_gpu_layers = 0
    server = xllamacpp.Server(parameters)

    def run(prefill, decode):
        answers = []
        request = {
            "prompt": [(i * 37 + 11) % 1000 for i in range(prefill)],
            "n_predict": decode,
            "temperature": 0,
            "ignore_eos": True,
            "cache_prompt": False,
            "stream": False,
        }
        answer = server.handle_completions(request, lambda part: answers.append(part) or False)
        answer = answers[-1] if answers else answer
        answer = json.loads(answer) if isinstance(answer, (bytes, str)) else answer
        answer = answer[-1] if isinstance(answer, list) else answer
        timings = answer.get("timings") or answer
        return timings["prompt_per_second"], timings["predicted_per_second"]

    return run


def ours(model, threads, prefill, decode):
    """lmscope's (prefill, decode) in tokens per second."""
    command = [ROOT / "target/release/lmscope", "bench", "--json", "--model", model, "--threads", threads]
    command += ["--prefill", prefill, "--decode", decode]
    answer = json.loads(subprocess.run(map(str, command), check=True, capture_output=True).stdout)
    return answer["prefill_tokens_per_second"], answer["decode_tokens_per_second"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--prefill", type=int, default=128)
    parser.add_argument("--decode", type=int, default=128)
    parser.add_argument("--pairs", type=int, default=7)
    options = parser.parse_args()
    run = rival(options.model, options.threads)
    run(16, 8)
    ratios = []
    for _ in range(options.pairs):
        mine = ours(options.model, options.threads, options.prefill, options.decode)
        theirs = run(options.prefill, options.decode)
        ratios.append([a / b for a, b in zip(mine, theirs)])
        print(
            "prefill {:7.1f} beside {:7.1f} = {:.2f}   decode {:6.1f} beside {:6.1f} = {:.2f}".format(
                mine[0], theirs[0], ratios[-1][0], mine[1], theirs[1], ratios[-1][1]
            ),
            flush=True,
        )
    medians = [statistics.median(column) for column in zip(*ratios)]
    print("median ratio: prefill {:.2f}, decode {:.2f}".format(*medians))


if __name__ == "__main__":
    main()
