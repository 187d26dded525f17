"""docker-compose.yml runs the commands of `make run`, with the settings of .env.example."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Any

import pytest
import yaml

from project.processes import table
from tests.project.test_settings import names_read
from tests.support import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("web", "worker", "beat", "prepare", "embedder")
ANYWHERE = "0.0.0.0"  # noqa: S104 - inside a container
EVERY_SERVICE = {*OURS, "db", "redis", "chroma", "ollama", "ollama-pull"}
REQUIREMENTS = dict(re.findall(r"^([\w-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), flags=re.MULTILINE))


def command(service: str, **environment: str) -> list[str]:
    """Return a service's command as the container's shell-less start sees it, names and defaults filled in."""

    def value(found: re.Match[str]) -> str:
        return environment.get(found[1], found[2])

    return shlex.split(re.sub(r"\$\{(\w+):-([^}]*)\}", value, SERVICES[service]["command"]))


def in_container(words: Sequence[str]) -> list[str]:
    """Return a command of the table as an image that has Python on its PATH runs it."""
    return ["python", *words[1:]]


def test_it_has_every_service_of_the_product() -> None:
    assert SERVICES.keys() == EVERY_SERVICE


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("web", table.web_command(ANYWHERE, 8000)),
        ("worker", table.worker_command()),
        ("beat", table.beat_command()),
        ("embedder", table.embedder_command(ANYWHERE, 8000, "starter")),
    ],
)
def test_a_service_runs_the_command_of_the_process_table(service: str, expected: Sequence[str]) -> None:
    assert command(service) == in_container(expected)


def test_the_embedder_loads_the_reranker_that_is_set() -> None:
    expected = table.embedder_command(ANYWHERE, 8000, "starter", reranker="bge")
    assert command("embedder", RAZGOVOR_RERANKER="bge") == in_container(expected)


def test_the_preparation_is_the_one_of_the_process_table_but_for_what_the_image_holds_already() -> None:
    processes = table.process_table(var=ROOT, host=ANYWHERE, port=8000, embedding_model="starter")
    prepare = next(process for process in processes if process.name == "prepare")
    assert command("prepare") == ["python", "manage.py", prepare.command[-1], "--no-static"]


def test_chroma_is_started_with_the_same_options() -> None:
    assert command("chroma") == list(table.chroma_command(ANYWHERE, 8000, "/data")[3:])


def test_redis_keeps_the_same_promises() -> None:
    words = " ".join(table.redis_command(ANYWHERE, 6379, "/data"))
    for option in re.findall(r"--\S+ [^-]+", " ".join(command("redis"))):
        assert option.strip() in words


def test_the_image_starts_the_web_server_when_nothing_else_is_said() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    last = re.findall(r"^CMD (\[.*\])$", dockerfile, flags=re.MULTILINE)[-1]
    assert yaml.safe_load(last) == command("web")


def test_every_address_that_make_run_hands_to_its_processes_is_set() -> None:
    processes = table.process_table(var=ROOT, host=ANYWHERE, port=8000, embedding_model="starter")
    handed = {process.setting for process in processes if process.setting}
    without_starter = handed - {"STARTER_URL"}  # here the model is Ollama's
    assert without_starter <= COMPOSE["x-environment"].keys()


def test_make_run_starts_every_process_that_a_cluster_has() -> None:
    processes = table.process_table(var=ROOT, host=ANYWHERE, port=8000, embedding_model="starter")
    bought_in = {"db", "ollama", "ollama-pull"}  # SQLite and the starter model stand in for them
    assert SERVICES.keys() - bought_in <= {process.name for process in processes}


def test_it_sets_nothing_that_the_settings_do_not_read() -> None:
    assert COMPOSE["x-environment"].keys() <= names_read()


def test_the_web_servers_port_is_the_only_one_published() -> None:
    assert [name for name, service in SERVICES.items() if service.get("ports")] == ["web"]


def test_every_service_that_stays_has_a_health_check() -> None:
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == {"prepare", "ollama-pull"}


def test_secrets_come_from_outside() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    for name in ("RAZGOVOR_SECRET_KEY", "RAZGOVOR_ADMIN_PASSWORD", "POSTGRES_PASSWORD"):
        values = re.findall(rf"^ *{name}: (.*)$", text, flags=re.MULTILINE)
        assert values
        assert all(value.startswith(f"${{{name}:?") for value in values)


def test_the_chroma_server_is_as_old_as_its_client() -> None:
    assert SERVICES["chroma"]["image"] == f"chromadb/chroma:{REQUIREMENTS['chromadb']}"


def test_every_named_volume_is_declared() -> None:
    mounted = {mount.partition(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])}
    assert mounted == COMPOSE["volumes"].keys()


def test_services_wait_only_for_services_that_are_there() -> None:
    for service in SERVICES.values():
        for name, how in service.get("depends_on", {}).items():
            assert name in SERVICES
            assert how["condition"] == "service_healthy" or "healthcheck" not in SERVICES[name]
