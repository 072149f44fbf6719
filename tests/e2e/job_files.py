#!/usr/bin/env python3
"""The job files of examples/ci hold together, and what they would run is run here: every part with the variables that its
engine would set, then the merge. Only budgets and folders are made smaller.

Exit code 77, with a reason, without python3-yaml. Usage: tests/e2e/job_files.py ATTEST SOURCE_DIR
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import yaml
except ImportError:
    print("SKIPPED: no yaml for python3 here; apt-get install python3-yaml brings it")
    sys.exit(77)

attest, source = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
CI = source / "examples" / "ci"
BUDGET = "--cases 3 --property oracle --kernel cpu/dense_f32 --corpus none"


def load(name):
    return yaml.safe_load((CI / name).read_text())


def run(folder, command, variables, shell=("bash", "-c")):
    """Runs what a job file says, in `folder`, where ./attest is the program."""
    assert "--tier pr" in command or "merge" in command, command
    command = command.replace("--tier pr", BUDGET).replace("/runs/", "runs/")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "CI_", "GTEST_", "SLURM_", "BUILDKITE_"))}
    done = subprocess.run([*shell, command], cwd=folder, env={**clean, **variables}, text=True, capture_output=True)
    assert done.returncode == 0, f"exit {done.returncode}: {command}\n{done.stdout}{done.stderr}"


def merged(folder, parts):
    record = json.loads((folder / "merged" / "run.json").read_text())
    assert record["state"] == "done" and record["exit_code"] == 0, record["state"]
    assert [shard["index"] for shard in record["merged"]] == list(range(parts)), record["merged"]


def github(folder):
    jobs = load("github-actions.yml")["jobs"]
    parts = jobs["fuzz"]["strategy"]["matrix"]["part"]
    fuzz = [step["run"] for step in jobs["fuzz"]["steps"] if "fuzz" in step.get("run", "")]
    merge = [step["run"] for step in jobs["merge"]["steps"] if "merge" in step.get("run", "")]
    assert parts == list(range(1, len(parts) + 1)) and len(fuzz) == len(merge) == 1
    for part in parts:
        run(folder, fuzz[0].replace("${{ matrix.part }}", str(part)), {}, ("bash", "-e", "-o", "pipefail", "-c"))
        (folder / "runs").mkdir(exist_ok=True)
        (folder / "run").rename(folder / "runs" / f"attest-run-{part}")  # what upload and download do
    run(folder, merge[0], {})
    merged(folder, len(parts))


def buildkite(folder):
    steps = {step["label"]: step for step in load("buildkite.yml")["steps"]}
    fuzz, merge = steps["attest %n"], steps["attest: merge"]
    assert merge["depends_on"] == fuzz["key"]
    for index in range(fuzz["parallelism"]):
        # $$ is how a pipeline file says $.
        run(folder, fuzz["command"].replace("$$", "$"),
            {"BUILDKITE_PARALLEL_JOB": str(index), "BUILDKITE_PARALLEL_JOB_COUNT": str(fuzz["parallelism"])})
    run(folder, merge["commands"][-1], {})
    merged(folder, fuzz["parallelism"])


def kubernetes(folder):
    spec = load("kubernetes.yml")["spec"]
    assert spec["completionMode"] == "Indexed"
    container = spec["template"]["spec"]["containers"][0]
    variables = {item["name"]: item["value"] for item in container["env"]}
    assert int(variables["ATTEST_SHARDS"]) == spec["completions"]
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    assert mounts == {volume["name"] for volume in spec["template"]["spec"]["volumes"]}
    assert container["command"][:2] == ["bash", "-c"]
    for index in [*range(spec["completions"]), 0]:  # the first once more, as after an eviction
        run(folder, container["command"][2], {**variables, "JOB_COMPLETION_INDEX": str(index)})
    run(folder, "./attest merge runs/* --out merged", {})
    merged(folder, spec["completions"])


for check in (github, buildkite, kubernetes):
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        (folder / "attest").symlink_to(attest)
        (folder / "none").mkdir()
        check(folder)
    print(f"{check.__name__}: every part runs, and the merge joins them")
