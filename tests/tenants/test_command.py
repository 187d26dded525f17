"""What the commands with `--tenant` have in common."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.support import ROOT

SAY = """
import sys
import django
django.setup()
from tenants import command

class Command(command.TenantCommand):
    requires_system_checks = []

    def run(self, access, options):
        return {"lines": LINES}

    def say(self, result):
        for number in range(result["lines"]):
            self.stdout.write(f"line {number}")

command.operator_access = lambda slug: None
sys.stdin.readline()  # until the reader is gone
Command().run_from_argv(["manage.py", "say", "--tenant", "acme"])
"""


@pytest.mark.slow
@pytest.mark.parametrize("lines", [2, 20_000])
def test_a_command_ends_quietly_when_nobody_reads_it_any_more(lines: int) -> None:
    """As in `manage.py search … | head -1`. Two lines are still in Python's buffer when the command is done."""
    process = subprocess.Popen(
        [sys.executable, "-c", SAY.replace("LINES", str(lines))],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _nothing, complaint = process.communicate(b"\n", timeout=60)
    assert complaint.decode() == ""
    assert process.returncode == 128 + signal.SIGPIPE
