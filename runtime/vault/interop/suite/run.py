"""Runs the official client against a running `grantvault dev` and reports method by method.

    python run.py --grantvault .tmp/interop/grantvault --report report.json [--only TEXT]
"""

import argparse
import asyncio
import importlib.metadata
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import warnings

import alter_sdk

import harness
import served
from harness import CASES, HELPERS, METHODS

import cases_identity, cases_calls, cases_grants, cases_sessions, cases_agents, cases_errors, cases_page, cases_raw, cases_serve, cases_approvals, cases_rules, cases_codes, cases_helpers, cases_secrets, cases_specs  # noqa: E401,F401


class Daemon:
    """One `grantvault dev`, with the lines that it prints before "ready"."""

    def __init__(self, command, extra):
        # The stand-in's loopback address must not be sent to a proxy of this machine.
        env = {**os.environ, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
        self.process = subprocess.Popen([*command, "dev", *extra], stdout=subprocess.PIPE, text=True, env=env)
        self.env = {}
        for line in self.process.stdout:
            line = line.strip()
            if line == "ready":
                break
            if match := re.fullmatch(r"([A-Z_]+)=(.*)", line):
                self.env[match[1]] = match[2]
        else:
            raise SystemExit("grantvault dev ended before it was ready")
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()


def newest():
    out = subprocess.run([sys.executable, "-m", "pip", "index", "versions", "alter-sdk"], capture_output=True, text=True, timeout=120)
    found = re.search(r"alter-sdk \(([^)]+)\)", out.stdout)
    return found[1] if found else "unknown (the index did not answer)"


async def drive(cases, world):
    results = []
    for c in cases:
        results.append(await harness.run_case(c, world))
        r = results[-1]
        print(f"  {'ok  ' if not r['problem'] else 'FAIL'} {r['seconds']:6.2f}s  {r['case']}" + (f": {r['problem']}" if r["problem"] else ""), flush=True)
    return results


def table(results, partial):
    """Method to "pass" or the reason."""
    verdict = {}
    for method in [*METHODS, *HELPERS]:
        mine = [r for r in results if method in r["methods"]]
        bad = [r for r in mine if r["problem"]]
        if bad:
            verdict[method] = f"FAIL in {bad[0]['case']!r}: {bad[0]['problem']}"
        elif mine:
            verdict[method] = "pass"
        else:
            verdict[method] = "not run" if partial else "FAIL: no case ran"
    return verdict


def public(cls):
    return {n for n in dir(cls) if not n.startswith("_") and (callable(getattr(cls, n)) or isinstance(getattr(cls, n), property))}


SPACES = ("agents", "keys", "scopes", "oauth_providers", "provider_specs", "spans")


def unlisted(app, agent):
    """Public methods and properties of the client that no list of the suite names."""
    there = {"App", "Agent"}
    for name, client in (("App", app), ("Agent", agent)):
        spaces = [space for space in SPACES if hasattr(client, space)]
        there |= {f"{name}.{n}" for n in [*public(type(client)), *spaces]}
        for space in spaces:
            there |= {f"{space}.{n}" for n in public(type(getattr(client, space)))}
    return there.symmetric_difference(METHODS)


def codes():
    """The rows of codes.tsv."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "codes.tsv")) as f:
        return [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]


def miscounted(raised):
    """What is wrong with codes.tsv, after all cases have run."""
    table, problems = {(code, cls): why for _, code, _, cls, why in codes()}, []
    for code, cls in sorted(raised - set(table)):
        problems.append(f"codes.tsv lacks {code} as {cls}")
    for (code, cls), why in table.items():
        if not why and (code, cls) not in raised:
            problems.append(f"no case got {code} as {cls}, and codes.tsv gives no reason")
        if why and (code, cls) in raised:
            problems.append(f"a case got {code} as {cls}, which codes.tsv says none does")
    return problems


def results(release, verdict, ran):
    """What RESULTS.md says of a run."""
    lines = ["# The official client against our daemon", "",
             f"Written by `make interop`, whose test compares it with this file. alter-sdk {release['installed']}, {len(ran)} cases.", "",
             "| Method or helper | Cases | Result |", "|---|---|---|"]
    for method, text in verdict.items():
        lines.append(f"| `{method}` | {sum(method in r['methods'] for r in ran)} | {text} |")
    lines += ["", "Refusals, the class that each raises, and why no case provokes it:", "", "| At | Code | Status | Class | Case |", "|---|---|---|---|---|"]
    for where, code, status, cls, why in codes():
        lines.append(f"| {where} | {f'`{code}`' if code else ''} | {status} | `{cls}` | {why or 'yes'} |")
    return "\n".join(lines) + "\n"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--grantvault", required=True)
    p.add_argument("--report", help="write everything as JSON")
    p.add_argument("--results", help="write what RESULTS.md says")
    p.add_argument("--only", default="")
    args = p.parse_args()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    command, ran, missing = [os.path.abspath(args.grantvault)], [], set()
    release = {"installed": importlib.metadata.version("alter-sdk"), "newest": newest()}
    print(f"alter-sdk {release['installed']}, newest release {release['newest']}")
    for mode in ("dev", "approve", "serve"):
        cases = [c for c in CASES if c.mode.removesuffix("-late") == mode and args.only in f"{c.name} {' '.join(c.methods)}"]
        cases.sort(key=lambda c: c.mode)  # is stable
        if not cases:
            continue
        print({"dev": "grantvault dev", "approve": "grantvault dev --approve", "serve": "grantvault init, app, agent, grant, serve"}[mode])
        with served.Served(command) if mode == "serve" else Daemon(command, ["--approve"] if mode == "approve" else []) as daemon:
            os.environ["ALTER_BASE_URL"] = daemon.env["ALTER_BASE_URL"]
            missing = unlisted(alter_sdk.App(api_key=daemon.env["ALTER_APP_KEY"]), alter_sdk.Agent(api_key=daemon.env["ALTER_AGENT_KEY"]))
            ran += asyncio.run(drive(cases, harness.World(command, daemon.env, daemon)))
    verdict = table(ran, bool(args.only))
    print("\nmethod by method")
    for method, text in verdict.items():
        print(f"  {method:48} {text}")
    failed = [r for r in ran if r["problem"]]
    print(f"\n{len(ran)} cases, {len(failed)} failed; {sum(v == 'pass' for v in verdict.values())} of {len(METHODS) + len(HELPERS)} methods and helpers pass")
    problems = []
    if not args.only:
        problems = miscounted(harness.RAISED) + [f"no list names {name}, or the client has no such method" for name in sorted(missing)]
    for problem in problems:
        print(problem)
    if args.results:
        with open(args.results, "w") as f:
            f.write(results(release, verdict, ran))
    if args.report:
        with open(args.report, "w") as f:
            json.dump({"release": release, "methods": verdict, "cases": ran}, f, indent=1)
    sys.exit(1 if failed or problems or any(v.startswith("FAIL") for v in verdict.values()) else 0)


if __name__ == "__main__":
    main()
