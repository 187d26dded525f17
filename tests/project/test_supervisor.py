"""The supervisor of `make run`, with small scripts in place of the product's processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from project.probes import ProbeFailed
from project.processes import preflight, supervisor, table
from project.processes.member import members_of
from project.processes.supervisor import ProcessFailed, Supervisor
from project.processes.table import Process
from tests.support import ROOT

STAY = "import time; time.sleep(60)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); open({here!r}, 'w').close(); " + STAY


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", code)


def file_there(path: str) -> None:
    """A probe: the process answers as soon as its file is there."""
    if not Path(path).exists():
        raise ProbeFailed("no file")


def stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def gone(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_for(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def _own_signal_handlers() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


class Stage:
    """Runs a table of scripts under a supervisor in a directory of its own, and keeps what was said."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.lines: list[str] = []

    def run(
        self,
        *processes: Process,
        ready: Callable[[], None] = stop,
        outside: dict[str, str] | None = None,
        verbose: bool = False,
        grace: float = 10.0,
    ) -> None:
        members = members_of(processes, outside=outside or {}, logs=self.directory, cwd=self.directory, extra={})
        with preflight.lock(self.directory) as lock:
            Supervisor(members, lock=lock, say=self.lines.append, ready=ready, verbose=verbose, grace=grace).run()

    def path(self, name: str) -> str:
        return str(self.directory / name)

    def read(self, name: str) -> str:
        return (self.directory / name).read_text()

    def said(self, words: str) -> bool:
        return any(words in line for line in self.lines)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def waiting(stage: Stage, name: str, needs: Sequence[str] = (), stop_rank: int = 2) -> Process:
    """A process that answers a moment after its start, and writes its name down when it starts and when it ends."""
    path = stage.path(name)
    code = (
        "import signal, sys, time\n"
        f"def note(word): open({stage.path('order')!r}, 'a').write(word + ' {name}\\n')\n"
        "def end(*_): note('end'); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        f"note('start'); time.sleep(0.1); open({path!r}, 'w').close(); time.sleep(60)"
    )
    return Process(name, python(code), needs=tuple(needs), url=path, probe=file_there, stop_rank=stop_rank)


def test_it_starts_a_process_once_those_that_it_needs_answer(stage: Stage) -> None:
    stage.run(waiting(stage, "web", needs=["redis"], stop_rank=0), waiting(stage, "redis"))
    assert stage.read("order").splitlines()[:2] == ["start redis", "start web"]


def test_it_stops_what_people_use_before_what_that_depends_on(stage: Stage) -> None:
    stage.run(
        waiting(stage, "redis", stop_rank=2), waiting(stage, "worker", stop_rank=1), waiting(stage, "web", stop_rank=0)
    )
    assert stage.read("order").splitlines()[3:] == ["end web", "end worker", "end redis"]


def test_it_starts_a_process_again_that_dies(stage: Stage) -> None:
    here = stage.path("second")
    code = (
        f"import os, time; answers, died = {here!r}, {stage.path('died')!r}\n"
        "if os.path.exists(died): open(answers, 'w').close(); time.sleep(60)\n"
        "open(died, 'w').close(); os.abort()"
    )
    stage.run(Process("shaky", python(code), url=here, probe=file_there))
    assert stage.said("shaky ended with signal SIGABRT; starting it again in 0.5 s")


def test_it_gives_up_on_a_process_that_keeps_dying_and_ends_the_others(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_BACKOFF_SECONDS", 0.01)
    broken = Process(
        "broken", python("import sys; print('no memory left'); sys.exit(3)"), url="/nowhere", probe=file_there
    )
    with pytest.raises(ProcessFailed, match=r"broken ended 3 times .* exit code 3: no memory left \(log: "):
        stage.run(waiting(stage, "redis"), broken)
    wait_for(lambda: "end redis" in stage.read("order"))


def test_deaths_that_lie_far_apart_are_not_counted_together(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_BACKOFF_SECONDS", 0.01)
    monkeypatch.setattr(supervisor, "DEATHS_SECONDS", 0.0)
    here = stage.path("lives")
    code = (
        f"import time; open({here!r}, 'a').write('x')\n"
        f"if len(open({here!r}).read()) > 4: open({here + '!'!r}, 'w').close(); time.sleep(60)"
    )
    stage.run(Process("shaky", python(code), url=here + "!", probe=file_there))
    assert stage.read("lives") == "xxxxx"


def test_it_goes_on_once_a_process_with_one_thing_to_do_has_done_it(stage: Stage) -> None:
    prepare = Process("prepare", python(f"open({stage.path('done')!r}, 'w').close()"), once=True)
    stage.run(prepare, waiting(stage, "web", needs=["prepare"]))
    assert Path(stage.path("done")).exists()


def test_it_stops_with_the_words_of_a_preparation_that_failed(stage: Stage) -> None:
    code = "import sys; sys.exit('CommandError: The database is locked.')"
    with pytest.raises(ProcessFailed, match=r"^The database is locked\. \(log: .*prepare\.log\)$"):
        stage.run(Process("prepare", python(code), once=True), waiting(stage, "web", needs=["prepare"]))


def test_it_kills_a_process_that_does_not_end(stage: Stage) -> None:
    here = stage.path("deaf")
    stage.run(Process("deaf", python(DEAF.format(here=here)), url=here, probe=file_there), grace=0.2)
    assert stage.said("deaf did not end by itself and was killed")


def test_a_second_signal_cuts_the_waiting_short(stage: Stage) -> None:
    here = stage.path("deaf")

    def twice() -> None:
        stop()
        signal.signal(signal.SIGALRM, lambda *_: stop())
        signal.setitimer(signal.ITIMER_REAL, 0.3)

    began = time.monotonic()
    stage.run(Process("deaf", python(DEAF.format(here=here)), url=here, probe=file_there), ready=twice, grace=30.0)
    assert time.monotonic() - began < 10


def with_deaf_child(stage: Stage) -> Process:
    """A process that waits for one of its own, which does not want to end; `pids` has the numbers of both."""
    pids = stage.path("pids")
    child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    code = (
        "import os, subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-I', '-S', '-c', {child!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        f"open({pids + '.new'!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        f"os.rename({pids + '.new'!r}, {pids!r})\n"
        "child.wait()"
    )
    return Process("parent", python(code), url=pids, probe=file_there)


def test_it_leaves_no_process_behind_that_one_of_its_own_has_started(stage: Stage) -> None:
    stage.run(with_deaf_child(stage), grace=1.0)
    for process in stage.read("pids").split():
        wait_for(partial(gone, int(process)))


def test_it_does_not_start_what_runs_elsewhere(stage: Stage) -> None:
    elsewhere = Path(stage.path("theirs"))
    elsewhere.touch()
    ours = Process("redis", python("open('started', 'w')"), setting="REDIS_URL", url="/nowhere", probe=file_there)
    stage.run(ours, outside={"REDIS_URL": str(elsewhere)})
    assert not Path(stage.path("started")).exists()
    assert stage.said("redis answers at the address in REDIS_URL")


def test_it_says_so_when_nothing_answers_elsewhere(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "OUTSIDE_SECONDS", 0.1)
    ours = Process("redis", python(STAY), setting="REDIS_URL", url="/nowhere", probe=file_there)
    with pytest.raises(ProcessFailed, match="REDIS_URL is set, but no redis answers there"):
        stage.run(ours, outside={"REDIS_URL": "/nowhere"})


def test_processes_are_told_where_the_others_listen(stage: Stage) -> None:
    redis = Process("redis", python(STAY), setting="REDIS_URL", url="redis://127.0.0.1:{port}/0")
    code = f"import os; open({stage.path('told')!r}, 'w').write(os.environ['REDIS_URL'])"
    probed: list[str] = []
    worker = Process("worker", python(STAY), needs=("prepare",), url="{REDIS_URL}", probe=probed.append)
    stage.run(redis, Process("prepare", python(code), once=True), worker)
    assert stage.read("told").startswith("redis://127.0.0.1:")
    assert probed == [stage.read("told")]


def test_it_shows_what_they_say_when_asked_to(stage: Stage) -> None:
    here = stage.path("spoke")
    code = f"print('one', flush=True); print('two', flush=True); open({here!r}, 'w').close(); {STAY}"
    stage.run(Process("web", python(code), url=here, probe=file_there), verbose=True)
    assert [line for line in stage.lines if "|" in line] == ["web | one", "web | two"]


def test_it_keeps_the_log_of_the_run_before(stage: Stage) -> None:
    for number in (1, 2):
        here = stage.path(f"run{number}")
        code = f"print('run {number}', flush=True); open({here!r}, 'w').close(); {STAY}"
        stage.run(Process("web", python(code), url=here, probe=file_there))
    assert (stage.read("web.log"), stage.read("web.log.1")) == ("run 2\n", "run 1\n")


SUPERVISED = """
import sys
from pathlib import Path
from project.processes import preflight
from project.processes.member import members_of
from project.processes.supervisor import Supervisor
from tests.project.test_supervisor import Stage, with_deaf_child

here = Path(sys.argv[1])
members = members_of([with_deaf_child(Stage(here))], outside={}, logs=here, cwd=here, extra={})
lock = preflight.lock(here)
Supervisor(members, lock=lock, say=lambda line: None, ready=lambda: (here / "ready").touch()).run()
"""


@pytest.mark.slow
def test_nothing_survives_a_supervisor_that_was_killed_and_the_directory_is_free_again(tmp_path: Path) -> None:
    killed = subprocess.Popen([sys.executable, "-c", SUPERVISED, str(tmp_path)], cwd=ROOT)
    wait_for((tmp_path / "ready").exists, 30)
    killed.kill()
    killed.wait()
    preflight.lock(tmp_path).close()  # waits for the guardian, which waits for them
    for process in (tmp_path / "pids").read_text().split():
        wait_for(partial(gone, int(process)), 1)


def test_it_says_how_a_process_ended() -> None:
    assert supervisor.describe(3) == "exit code 3"
    assert supervisor.describe(-9) == "signal SIGKILL"


def test_the_redis_inside_the_wheel_is_taken_where_none_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    bundled = table.redis_program()
    assert bundled.name == "valkey-server"
    assert os.access(bundled, os.X_OK)


def test_it_says_what_to_do_where_there_is_no_redis_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(table, "find_spec", lambda _name: None)
    with pytest.raises(table.ProgramMissing, match="install redis-server"):
        table.redis_program()


TOLD_IN_THE_MIDDLE = """
import os, signal, sys, threading
from pathlib import Path
from project.processes import supervisor

def told_at(moment):
    lines = 0
    def trace(frame, event, _argument):
        nonlocal lines
        lines += frame.f_code.co_filename == threading.__file__
        if lines == moment:
            lines += 1
            os.kill(os.getpid(), signal.SIGTERM)
        return trace
    return trace

with Path(sys.argv[1]).open("w") as lock:
    for moment in range(1, 60):
        threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGTERM]).start()
        told = supervisor.Supervisor([], lock=lock, say=lambda line: None, ready=lambda: None)
        sys.settrace(told_at(moment))
        told.run()
        sys.settrace(None)
"""


def test_it_stops_at_whatever_moment_it_is_told_to(tmp_path: Path) -> None:
    """Whoever waits with a lock must not need it again in the handler of the signal."""
    subprocess.run([sys.executable, "-c", TOLD_IN_THE_MIDDLE, str(tmp_path / "lock")], check=True, timeout=60, cwd=ROOT)
