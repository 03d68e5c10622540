"""The wheel outside a checkout: installed by deploy/install.sh into a bare folder, run there, installed again."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
from tests.factories.certificates import make_certificates
from tests.factories.providers import free_port
from tests.factories.web_person import walk

from plainview.recognition.install import default_models_dir
from plainview.web.pages import BODIES

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def bare(folder: Path) -> dict[str, str]:
    """The environment of a new machine; the dependencies are those of the tests, because there is no network."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1"}
    return {**kept, **offline, "HOME": str(folder), "PYTHON": str(python(folder)), "COLUMNS": "80"}


def python(folder: Path) -> Path:
    """A Python whose virtual environments find the dependencies as installed ones: isolated children see them too."""
    wrapper = folder / "python"
    packages = sysconfig.get_path("purelib")
    wrapper.write_text(
        f"""#!/bin/sh
"{sys.executable}" "$@" || exit
[ "$1 $2" = "-m venv" ] || exit 0
shift $(($# - 1))
for place in "$1"/lib/python3*/site-packages; do echo "{packages}" > "$place/dependencies.pth"; done
"""
    )
    wrapper.chmod(0o755)
    return wrapper


def systems_python() -> bool:
    """Whether the script finds another Python than the one of PATH."""
    code = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
    return Path("/usr/bin/python3").exists() and not subprocess.run(["/usr/bin/python3", "-c", code]).returncode


def run(
    folder: Path, *words: str | Path, code: int = 0, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env=environment or bare(folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.mark.slow
def test_a_bare_folder_becomes_a_served_workspace_and_keeps_its_model_when_installed_again(
    wheel: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "machine"
    folder.mkdir()
    models = folder / ".local/share/plainview/models"
    shutil.copytree(default_models_dir(), models)
    program = folder / "opt/plainview/bin/plainview"
    beside = folder / "opt/plainview-data/letter"
    beside.parent.mkdir(parents=True)
    beside.write_text("the operator's own")
    for _ in range(3):  # the second and third time it is an upgrade
        done = run(folder, "sh", DEPLOY / "install.sh", folder / "opt/plainview", wheel)
        assert "Next: docs/howto/deploy.md, step 2." in done.stdout
        # The folders of tests are closed to others, as a Python in root's own folder is.
        assert ("no other user can run it" in done.stderr) == (os.geteuid() == 0)
    assert beside.exists()
    assert len(list((folder / "opt").glob("plainview-2*"))) == 2  # this one and the one before it
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert version in run(folder, program, "--version").stdout
    code = "import plainview; print(plainview.__file__)"
    where = run(folder, program.with_name("python"), "-c", code).stdout
    assert where.startswith(str(folder))  # not the checkout
    run(folder, program, "init", "data", "--sample")
    environment = {**bare(folder), "PLAINVIEW_HOME": str(folder / "data")}
    assert "WRONG" not in run(folder, program, "status", environment=environment).stdout
    run(folder, program, "demo", "--keep", folder / "demo")
    port = free_port()
    process = subprocess.Popen(
        [program, "serve", "--port", str(port)],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        health, page, style = walk(
            {"get": f"http://127.0.0.1:{port}/healthz", "wait": 120},
            {"get": f"http://127.0.0.1:{port}/accounts/login/"},
            {"get": f"http://127.0.0.1:{port}/static/plainview.css"},
        )
    finally:
        process.terminate()
        process.wait(60)
    assert (health["status"], page["status"]) == (200, 200)
    assert re.search(r'href="(/static/[^"]+\.css)"', page["text"]), page["text"]
    assert style["status"] in (200, 404)  # its name may carry a hash


@pytest.mark.slow
def test_pipx_installs_the_wheel_for_ones_own_account_and_removes_it(wheel: Path, tmp_path: Path) -> None:
    pipx = Path(sys.prefix) / "installers/bin/pipx"
    assert pipx.exists(), "run `make providers`"
    folder = tmp_path / "home"
    folder.mkdir()
    shutil.copytree(default_models_dir(), folder / ".local/share/plainview/models")
    environment = bare(folder) | {"PIPX_DISABLE_SHARED_LIBS_AUTO_UPGRADE": "1"}  # there is no network for a newer pip
    run(folder, pipx, "install", "--python", environment["PYTHON"], wheel, environment=environment)
    program = folder / ".local/bin/plainview"
    assert program.resolve().is_relative_to(folder)
    run(folder, program, "init", "data", "--sample")
    assert "WRONG" not in run(folder, program, "doctor", environment=environment | {"PLAINVIEW_HOME": "data"}).stdout
    run(folder, program, "demo", "--keep", folder / "demo")
    run(folder, pipx, "uninstall", "plainview", environment=environment)
    assert not program.exists()
    assert (folder / ".local/share/plainview/models").is_dir()
    assert (folder / "data/workspace.toml").exists()


def test_the_script_says_what_is_missing(tmp_path: Path) -> None:
    script = DEPLOY / "install.sh"
    assert "PREFIX WHEEL" in run(tmp_path, "sh", script, code=2).stdout
    done = run(tmp_path, "sh", script, tmp_path / "opt", tmp_path / "no.whl", code=1)
    assert "make wheel" in done.stderr
    assert not (tmp_path / "opt").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="the script looks for another Python for root only")
@pytest.mark.skipif(not systems_python(), reason="this system has no Python 3.11 of its own")
def test_a_python_that_only_root_can_run_is_not_installed_with(tmp_path: Path) -> None:
    """Found only after three minutes otherwise, when the program is installed and the service cannot start."""
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    (closed / "python3").symlink_to(sys.executable)
    (tmp_path / "any.whl").touch()
    lock = tmp_path / ".program.lock"  # taken: the script ends before it installs
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        environment = {"PATH": f"{closed}:/usr/bin:/bin", "HOME": str(tmp_path)}
        words = ("sh", DEPLOY / "install.sh", tmp_path / "program", tmp_path / "any.whl")
        done = run(tmp_path, *words, code=1, environment=environment)
        assert "Using /usr/bin/python3: python3 is in /" in done.stdout
        assert "Another installation" in done.stderr
        chosen = run(tmp_path, *words, code=1, environment=environment | {"PYTHON": str(closed / "python3")})
        assert "Using" not in chosen.stdout


def test_the_samples_of_both_proxies_are_taken_by_the_real_ones(tmp_path: Path) -> None:
    made = make_certificates(tmp_path / "tls", "plainview.agency.example")
    text = (DEPLOY / "proxy/nginx.conf").read_text()
    text = text.replace("/etc/plainview/tls/chain.pem", str(made.chain)).replace(
        "/etc/plainview/tls/key.pem", str(made.key)
    )
    whole = f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{text}\n}}\n"
    (tmp_path / "nginx.conf").write_text(whole)
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    caddy = shutil.which("caddy")
    assert nginx, "run `make providers`"
    assert caddy, "run `make providers`"
    assert "test is successful" in run(tmp_path, nginx, "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf").stderr
    said = run(tmp_path, caddy, "validate", "--adapter", "caddyfile", "--config", DEPLOY / "proxy/Caddyfile")
    assert "Valid configuration" in said.stdout + said.stderr


@pytest.mark.parametrize(
    "name",
    [
        "deploy/proxy/nginx.conf",
        "deploy/proxy/Caddyfile",
        "deploy/cluster/Caddyfile",
        "docs/howto/serving.md",
        "deploy/kubernetes/plainview.yaml",
    ],
)
def test_a_proxy_stops_no_upload_that_plainview_takes(name: str) -> None:
    (limit,) = re.findall(
        r"(?:client_max_body_size|max_size|proxy-body-size:) (\d+)(?:m\b|MiB)", (ROOT / name).read_text()
    )
    assert int(limit) << 20 >= max(BODIES.values())


@pytest.mark.slow
def test_systemd_takes_the_unit_and_rates_how_exposed_it_is(tmp_path: Path) -> None:
    """Below 2 of 10 ("OK"); docs/reference/operations.md has the figures."""
    analyze = shutil.which("systemd-analyze")
    assert analyze, "run `make providers`"
    unit = Path(shutil.copy(DEPLOY / "systemd/plainview.service", tmp_path))
    unit.write_text(unit.read_text().replace("/opt/plainview/bin/plainview", "/bin/true"))
    assert run(tmp_path, analyze, "verify", "--man=no", unit).stderr == ""
    run(tmp_path, analyze, "security", "--offline=true", "--threshold=20", unit)


def test_the_service_gives_up_what_it_does_not_need() -> None:
    unit = (DEPLOY / "systemd/plainview.service").read_text()
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=", "PrivateDevices=yes"):
        assert line in unit.splitlines()


def test_the_service_without_a_proxy_may_take_port_443(tmp_path: Path) -> None:
    """In a user namespace of its own (PrivateUsers), a capability is worth nothing for a port of the machine."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", (ROOT / "docs/howto/deploy.md").read_text(), re.M | re.S)
    (override,) = [block for block in blocks if block.startswith("[Service]")]
    lines = [*(DEPLOY / "systemd/plainview.service").read_text().splitlines(), *override.splitlines()]
    last = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    assert "--port 443" in last["ExecStart"]
    assert last["AmbientCapabilities"] == last["CapabilityBoundingSet"] == "CAP_NET_BIND_SERVICE"
    assert last["PrivateUsers"] == "no"
    words = last["ExecStart"].split()
    home = tmp_path / "none"
    environment = {**os.environ, "PLAINVIEW_HOME": str(home), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-m", "plainview.cli.main", *words[1:]], env=environment, capture_output=True
    )
    assert b"There is no Plainview workspace" in done.stderr  # its options are taken


def test_the_page_restarts_the_service_after_making_its_folder_and_upgrades_before_it_starts() -> None:
    """Systemd lets a service write into a folder that was there when it started; a server of another schema does not start."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", (ROOT / "docs/howto/deploy.md").read_text(), re.M | re.S)
    folder = "/var/backups/plainview"
    assert f"ReadWritePaths=-{folder}\n" in (DEPLOY / "systemd/plainview.service").read_text()
    made = next(block for block in blocks if f" {folder} " in block)
    assert made.index(folder) < made.index("systemctl restart plainview")
    installed = next(block for block in blocks if "systemctl stop plainview" in block)
    order = [installed.index(step) for step in ("backups run", "stop", "install.sh", "pv upgrade", "start plainview")]
    assert order == sorted(order)


def test_every_file_of_deploy_that_was_not_built_says_so() -> None:
    for name in ("Containerfile", "compose.yaml"):
        assert (DEPLOY / "container" / name).read_text().startswith("# NOT ")


def steps(folder: Path, port: int) -> list[tuple[str, str]]:
    """The instructions of the Containerfile with their arguments, for a folder and a port instead of a machine's own."""
    text = (DEPLOY / "container/Containerfile").read_text().replace("\\\n", " ").replace(":8000", f":{port}")
    text = re.sub(r"(?<![\w.])/(tmp|opt|var)/", rf"{folder}/\1/", text)
    lines = [line.partition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, argument.strip()) for name, _, argument in lines]


@pytest.mark.slow
def test_the_steps_of_the_containerfile_make_a_served_workspace_in_a_bare_folder(wheel: Path, tmp_path: Path) -> None:
    folder, port = tmp_path / "machine", free_port()
    for name in ("tmp/plainview", "var/lib/plainview", "opt"):
        (folder / name).mkdir(parents=True)
    shutil.copytree(default_models_dir(), folder / "opt/plainview-models")  # there is no network
    environment, does, done = bare(folder), dict(steps(folder, port)), []
    for instruction, argument in steps(folder, port):
        match instruction:
            case "COPY":
                *sources, place = argument.split()
                for source in sources:
                    shutil.copy(wheel if source == "dist/*.whl" else ROOT / source, place)
            case "ARG":
                environment |= dict([argument.split("=", 1)])
            case "RUN" if not argument.startswith("useradd "):
                run(folder, "sh", "-c", argument, environment=environment)
            case "ENV":
                values = dict(word.split("=", 1) for word in argument.split())
                environment |= values | {"PATH": values["PATH"].replace("$PATH", environment["PATH"])}
        done.append(instruction)
    assert {"FROM", "COPY", "RUN", "USER", "ENV", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT", "CMD"} <= set(done)
    assert not list((folder / "tmp").iterdir())
    program = json.loads(does["ENTRYPOINT"])
    run(folder, *program, "init", environment=environment)
    process = subprocess.Popen(
        [*program, *json.loads(does["CMD"]), "--port", str(port)],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        (answer,) = walk({"get": f"http://127.0.0.1:{port}/readyz", "wait": 120})
        healthy = json.loads(does["HEALTHCHECK"].partition("CMD ")[2])
        run(folder, *healthy, environment=environment)
    finally:
        process.send_signal(getattr(signal, does["STOPSIGNAL"]))
        process.wait(60)
    assert (answer["status"], process.returncode) == (200, 0)
    run(folder, *healthy, environment=environment, code=1)
    run(folder, *program, "doctor", environment=environment)
