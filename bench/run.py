"""`python -m bench.run [NAME …] [--quick]`: run the named benchmarks, or all, and print one JSON object.

Each is a process of its own and can be run alone, as in `python -m bench.concurrency`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import UTC, datetime

from bench.support import ROOT, progress

BENCHMARKS = ("concurrency", "evidence", "first_word", "ingestion", "prefix_cache", "start")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(BENCHMARKS)} (all of them)")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, to see whether they run")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {min(unknown)}")
    report: dict[str, object] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "quick": arguments.quick}
    failed = False
    for name in arguments.names or BENCHMARKS:
        progress(f"{name} …")
        command = [sys.executable, "-m", f"bench.{name}", *(["--quick"] if arguments.quick else [])]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        failed = failed or done.returncode != 0
        report[name] = json.loads(done.stdout) if done.returncode == 0 else {"failed": done.returncode}
    print(json.dumps(report, indent=2))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
