#!/usr/bin/env python3
"""Decoding and prefill speed of lmscope beside llama.cpp's, on the same file and threads, in one run.

    python3 tests/bench/llama_cpp.py SmolLM2-135M-Instruct.Q4_1.gguf --threads 2 2>/dev/null

The first time, llama.cpp is installed in a virtual environment, target/llama-cpp. lmscope is built before anything is measured.
Runs alternate, so that both see the same machine; each line is one pair, the last one the median of the ratios.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parents[2]
RIVAL = "xllamacpp==2026.10.11549"


def beside_rival():
    """Begins again with the Python of a virtual environment in which llama.cpp is; makes it where it isn't there."""
    folder = ROOT / "target/llama-cpp"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    installed = folder / RIVAL
    if not installed.exists():
        print(f"installing {RIVAL} in {folder}", flush=True)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", RIVAL], check=True)
        installed.touch()
    sys.exit(subprocess.run([python, __file__, *sys.argv[1:]]).returncode)


def rival(model, threads):
    """A function that runs llama.cpp once and gives (prefill, decode) in tokens per second."""
    import xllamacpp

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
    parser.add_argument("--prefill", type=int, default=512)
    parser.add_argument("--decode", type=int, default=128)
    parser.add_argument("--pairs", type=int, default=7)
    options = parser.parse_args()
    if pathlib.Path(sys.prefix) != ROOT / "target/llama-cpp":
        beside_rival()
    subprocess.run(["cargo", "build", "--release", "--quiet"], check=True, cwd=ROOT)
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
