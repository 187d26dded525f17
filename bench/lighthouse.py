"""What Lighthouse says of the main pages, as a laptop and as a telephone: `python -m bench.lighthouse`.

Lighthouse is a program for Node, and no part of this project's requirements. Install it (`npm install --global
lighthouse`), or name another command in LIGHTHOUSE, for example `npx --yes lighthouse`. The product is a new one with
the data of the pictures of the documentation.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import statistics
import subprocess
from collections.abc import Mapping
from typing import Any

from bench import support
from tests.services import chromium

COMMAND = os.environ.get("LIGHTHOUSE", "lighthouse")
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
WINDOWS = {"laptop": ("--preset=desktop",), "telephone": ()}
"""Without a preset, Lighthouse looks with a telephone's window, processor and line."""
ATTEMPTS = 3
"""Now and then it misses the beginning of a page, and asks to be run again."""
FLAGS = "--headless=new --no-sandbox --disable-gpu"
WEIGHS = 0.9
"""Audits that reach less than this of their weight are named."""


def measure(quick: bool) -> Mapping[str, Any]:
    """Of each page and window: the points of each category, from 0 to 100 (medians of three), and what cost some."""
    if not shutil.which(shlex.split(COMMAND)[0]):
        raise SystemExit(f"There is no command {COMMAND!r}. Install Lighthouse, or name it in LIGHTHOUSE.")
    with support.product() as running:
        from bench import screenshot_data as data
        from tenants.models import User

        made = data.make()
        home = f"/t/{data.FILLED}"
        pages = {
            "sign-in": "/accounts/login/",
            "chat": f"{home}/",
            "conversation": f"{home}/c/{made.talk}/",
            "documents": f"{home}/documents/",
            "dashboard": f"{home}/dashboard/",
        }
        cookie = support.session_cookie(User.objects.get(email=data.OWNER))
        address = running.address.rstrip("/")
        return {
            name: {
                window: _page(f"{address}{path}", options, "" if name == "sign-in" else cookie, 1 if quick else 3)
                for window, options in WINDOWS.items()
            }
            for name, path in pages.items()
        }


def _page(address: str, options: tuple[str, ...], cookie: str, runs: int) -> dict[str, Any]:
    reports = [_report(address, options, cookie) for _ in range(runs)]
    points = {
        category: statistics.median(round(report["categories"][category]["score"] * 100) for report in reports)
        for category in CATEGORIES
    }
    support.progress(f"  {address} {' '.join(options)} {points}")
    return points | {"cost": sorted({cost for report in reports for cost in _costs(report)})}


def _report(address: str, options: tuple[str, ...], cookie: str) -> dict[str, Any]:
    command = [*shlex.split(COMMAND), address, "--quiet", "--output=json", f"--chrome-flags={FLAGS}", *options]
    command.append(f"--only-categories={','.join(CATEGORIES)}")
    if cookie:
        command.append(f"--extra-headers={json.dumps({'Cookie': f'sessionid={cookie}'})}")
    environment = os.environ | {"CHROME_PATH": str(chromium())}
    for _attempt in range(ATTEMPTS):
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)
        if done.returncode == 0:
            report: dict[str, Any] = json.loads(done.stdout)
            return report
    raise RuntimeError(f"Lighthouse could not look at {address}; what it says of it stands above.")


def _costs(report: dict[str, Any]) -> list[str]:
    """The audits that took points away, with what Lighthouse measured."""
    audits = report["audits"]
    return [
        f"{reference['id']}: {audits[reference['id']].get('displayValue') or audits[reference['id']]['title']}"
        for category in CATEGORIES
        for reference in report["categories"][category]["auditRefs"]
        if reference["weight"] and (audits[reference["id"]]["score"] or 0) < WEIGHS
        if audits[reference["id"]]["scoreDisplayMode"] not in {"notApplicable", "informative", "manual"}
    ]


if __name__ == "__main__":
    support.main(measure)
