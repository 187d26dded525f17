"""Starts the processes of the table, waits until each answers, restarts those that die, and ends them all.

One thread and one loop: every round looks after each process in turn. Nothing here knows what the processes do.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from itertools import groupby
from types import FrameType
from typing import TextIO

from project.probes import ProbeFailed
from project.processes.child import GRACE_SECONDS, Child, end
from project.processes.guard import Guard
from project.processes.logs import LogFollower
from project.processes.member import Member

ROUND_SECONDS = 0.1
OUTSIDE_SECONDS = 10.0
"""How long a server that the operator runs elsewhere is waited for."""
DEATHS, DEATHS_SECONDS = 3, 30.0
"""A process that dies so often within so many seconds will not be helped by another start."""
FIRST_BACKOFF_SECONDS = 0.5
REMINDER_SECONDS = 15.0

Say = Callable[[str], None]


class ProcessFailed(Exception):
    """`str(error)` is one sentence that says which process failed and where its log is."""


class Supervisor:
    """`say` is given one line at a time; `ready` is called once, when everything answers for the first time."""

    def __init__(
        self,
        members: Sequence[Member],
        *,
        lock: TextIO,
        say: Say,
        ready: Callable[[], None],
        verbose: bool = False,
        grace: float = GRACE_SECONDS,
    ) -> None:
        self._members = {member.name: member for member in members}
        self._guard = Guard(lock)
        self._say = say
        self._ready = ready
        self._grace = grace
        self._announced = False
        self._signals = 0
        self._follower = LogFollower([m.child.log for m in members if m.child], say) if verbose else None

    def run(self) -> None:
        """Keep everything running until SIGINT, SIGTERM or SIGHUP. Raise `ProcessFailed` when that cannot be done."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            while not self._signals:
                self._round()
                time.sleep(ROUND_SECONDS)  # without a lock, which the handler of a signal would find taken
        finally:
            self._end_all()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _round(self) -> None:
        for member in self._members.values():
            if member.child is None:
                self._look_for(member)
            elif member.started and not member.child.running:
                self._bury(member, member.child)
            elif not member.started:
                self._start(member, member.child)
            elif not member.ready:
                self._probe(member)
        if self._follower:
            self._follower.show()
        if not self._announced and all(member.ready for member in self._members.values()):
            self._announced = True
            self._ready()

    def _start(self, member: Member, child: Child) -> None:
        if member.finished or time.monotonic() < member.start_at:
            return
        if all(self._members[name].ready for name in member.process.needs):
            child.start()
            self._guard.add(child.group)
            member.has_started()

    def _probe(self, member: Member) -> None:
        if member.process.once:
            return
        try:
            member.probe()
        except ProbeFailed:
            if member.waited() > member.reminded + REMINDER_SECONDS:
                member.reminded = member.waited()
                self._say(f"still waiting for {member.name} after {member.waited():.0f} s{member.log_hint}")
        else:
            member.ready = True
            self._say(f"{member.name} ready after {member.waited():.1f} s")

    def _look_for(self, member: Member) -> None:
        """See whether a server that is not ours answers."""
        if member.ready:
            return
        try:
            member.probe()
        except ProbeFailed as error:
            if member.waited() > OUTSIDE_SECONDS:
                raise ProcessFailed(
                    f"{member.process.setting} is set, but no {member.name} answers there ({error}). "
                    f"Start that server, or unset {member.process.setting} to have one started here."
                ) from error
        else:
            member.ready = True
            self._say(f"{member.name} answers at the address in {member.process.setting}")

    def _bury(self, member: Member, child: Child) -> None:
        """Take note of a process that has ended, and plan its next start."""
        child.signal(signal.SIGKILL)  # whatever it had started itself
        self._guard.remove(child.group)
        code = child.exit_code
        if member.process.once and code == 0:
            member.has_finished()
            return
        if member.process.once:
            raise ProcessFailed(f"{child.last_line().removeprefix('CommandError: ')}{member.log_hint}")
        deaths = member.has_died(within=DEATHS_SECONDS)
        if deaths >= DEATHS:
            raise ProcessFailed(
                f"{member.name} ended {deaths} times within {DEATHS_SECONDS:.0f} seconds, the last time with "
                f"{describe(code)}: {child.last_line() or 'it said nothing'}{member.log_hint}"
            )
        delay = FIRST_BACKOFF_SECONDS * 2 ** (deaths - 1)
        member.start_at = time.monotonic() + delay
        self._say(f"{member.name} ended with {describe(code)}; starting it again in {delay:g} s{member.log_hint}")

    def _end_all(self) -> None:
        """End what people use first, and what it depends on last. A second signal cuts the waiting short."""
        self._say("stopping")
        owned = sorted((m for m in self._members.values() if m.child), key=lambda member: member.process.stop_rank)
        hurry = self._signals + 1
        for _rank, members in groupby(owned, key=lambda member: member.process.stop_rank):
            children = [member.child for member in members if member.child]
            for late in end(children, hurry=lambda: self._signals >= hurry, grace=self._grace):
                self._say(f"{late.name} did not end by itself and was killed")
        if self._follower:
            self._follower.show()
        self._guard.close()
        self._say("stopped")


def describe(code: int | None) -> str:
    """Say an exit code, or the signal that it stands for, in words."""
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
