"""The manifests of deploy/: valid by the schemas of compose and of Kubernetes, and about programs, secrets and addresses
that exist. No container is started."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = sorted(DEPLOY.glob("*/compose.yaml"))
KUBERNETES = "1.34.1"
pytestmark = pytest.mark.skipif(
    find_spec("kubernetes_validate") is None, reason="the schemas are missing: `make test-deployed` installs them"
)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that deploy/cluster/prepare.sh makes."""
    folder = tmp_path_factory.mktemp("prepared") / "secrets"
    prepare(folder)
    return folder


def prepare(folder: Path) -> None:
    subprocess.run(["/bin/sh", DEPLOY / "cluster/prepare.sh", folder], check=True, capture_output=True)


def documents() -> Iterator[dict[str, Any]]:
    for file in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        if file.name not in ("kustomization.yaml", "process.yaml"):
            yield from (document for document in yaml.safe_load_all(file.read_text("utf-8")) if document)


def common() -> dict[str, Any]:
    """What kustomize puts into every Deployment."""
    spec: dict[str, Any] = yaml.safe_load((DEPLOY / "kubernetes/process.yaml").read_text())["spec"]["template"]
    return spec


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every pod of the manifests: its name, labels and specification."""
    for document in documents():
        spec = document.get("spec", {})
        if document["kind"] == "Deployment":
            yield document["metadata"]["name"], with_common(spec["template"])
        elif document["kind"] == "RayCluster":
            for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"]):
                yield group.get("groupName", "head"), group["template"]


def with_common(template: dict[str, Any]) -> dict[str, Any]:
    shared = common()
    spec = {**shared["spec"], **template["spec"]}
    spec["containers"] = [{**shared["spec"]["containers"][0], **template["spec"]["containers"][0]}]
    return {"metadata": {"labels": {**shared["metadata"]["labels"], **template["metadata"]["labels"]}}, "spec": spec}


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.parent.name)
def test_compose_is_what_its_schema_allows(file: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.parent.name)
def test_compose_names_files_that_are_there_and_options_that_the_program_has(file: Path, secrets: Path) -> None:
    whole = yaml.safe_load(file.read_text("utf-8"))
    for name, secret in whole.get("secrets", {}).items():
        assert (secrets / Path(secret["file"]).name).is_file(), name
    for name, service in whole["services"].items():
        build = service.get("build")
        if build:
            assert (file.parent / build["context"] / build["dockerfile"]).is_file(), name
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert (file.parent / source).is_file() if source.startswith(".") else source in whole["volumes"], volume
        if service["image"].startswith("plainview") and name not in ("ray-head", "ray-part", "operator"):
            has_these_options(service["command"])


def has_these_options(words: list[str]) -> None:
    """Ask the program itself: an option that it does not have is an error of its own kind."""
    command, *options = [word for word in words if "${" not in word]
    done = subprocess.run(
        [sys.executable, "-m", "plainview.cli.main", command, *options, "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0, f"{words}: {done.stderr}"
    for option in re.findall(r"--[a-z-]+", " ".join(words)):
        assert option in done.stdout, option


def test_prepare_makes_secrets_for_their_owner_alone_and_keeps_those_that_are_there(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    prepare(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in (folder, *folder.iterdir()))
    (folder / "ray-token").unlink()
    prepare(folder)
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] != before[name]} == {"ray-token"}
    assert len(after["ray-token"]) == 64


def test_the_certificate_is_for_every_machine_of_compose_and_its_authority_is_trusted(secrets: Path) -> None:
    certificate = x509.load_pem_x509_certificate((secrets / "ray-cert.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    whole = yaml.safe_load((DEPLOY / "cluster/compose.yaml").read_text())
    for name, service in whole["services"].items():
        if name.startswith(("ray-", "web-", "worker-")):
            assert service["networks"]["inside"]["ipv4_address"] in addresses, name
    context = ssl.create_default_context(cafile=str(secrets / "ray-ca.pem"))
    context.load_cert_chain(secrets / "ray-cert.pem", secrets / "ray-key.pem")  # the key is this certificate's
    authority = x509.load_pem_x509_certificate((secrets / "ray-ca.pem").read_bytes())
    certificate.verify_directly_issued_by(authority)


def test_the_entry_passes_the_secrets_and_the_command_on(secrets: Path, tmp_path: Path) -> None:
    """In the place of plainview: env and the words, as they arrive."""
    program = tmp_path / "plainview"
    program.write_text('#!/bin/sh\necho "$@"; env\n')
    program.chmod(0o755)
    environment = {"PATH": f"{tmp_path}{os.pathsep}/usr/bin:/bin", "SECRETS": str(secrets)}
    command = ["sh", str(DEPLOY / "cluster/entry.sh"), "serve", "--name=a b"]
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert shown.startswith("serve --name=a b\n")
    password = (secrets / "database-password").read_text()
    assert f"DATABASE_URL=postgresql://plainview:{password}@database/plainview\n" in shown
    assert f"AWS_SECRET_ACCESS_KEY={(secrets / 's3-secret').read_text()}\n" in shown


def test_every_object_and_every_pod_is_what_kubernetes_allows() -> None:
    import kubernetes_validate

    kinds = []
    for document in documents():
        kinds.append(document["kind"])
        if document["kind"] != "RayCluster":  # of KubeRay: its pods are checked below
            kubernetes_validate.validate(document, KUBERNETES, strict=True)
    for name, template in pods():
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **template["metadata"]}}
        kubernetes_validate.validate({**pod, "spec": template["spec"]}, KUBERNETES, strict=True)
    assert {"Deployment", "RayCluster", "NetworkPolicy", "PodDisruptionBudget", "Ingress"} <= set(kinds)


def test_every_process_has_no_privilege_a_limit_of_memory_and_secrets_that_are_made(secrets: Path) -> None:
    whole = yaml.safe_load((DEPLOY / "kubernetes/kustomization.yaml").read_text())
    made = {}
    for generator in whole["secretGenerator"]:
        files = [file.rpartition("=")[::2] for file in generator["files"]]
        assert all((secrets / Path(name or path).name).is_file() for path, name in files)
        made[generator["name"]] = {key or Path(path).name for key, path in files}
    options = {word for _, pod in pods() for word in pod["spec"]["containers"][0].get("args", [])}
    assert "--no-worker" in options
    for name, pod in pods():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["automountServiceAccountToken"] is False, name
        for container in (*spec["containers"], *spec["initContainers"]):
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
            assert container["securityContext"]["allowPrivilegeEscalation"] is False, name
            assert container["resources"]["limits"]["memory"], name
            for variable in container.get("env", []):
                key = variable.get("valueFrom", {}).get("secretKeyRef")
                assert key is None or key["key"] in made[key["name"]], variable
        for volume in spec["volumes"]:
            assert "secret" not in volume or volume["secret"]["secretName"] in made, volume


def test_the_processes_have_the_variables_of_compose() -> None:
    compose = yaml.safe_load((DEPLOY / "cluster/compose.yaml").read_text())["services"]["web-1"]["environment"]
    kubernetes = {variable["name"] for variable in common()["spec"]["containers"][0]["env"]}
    # In compose the token is a file, and entry.sh makes variables of the other secrets.
    of_entry = set(re.findall(r"^([A-Z_]+)=\$\(", (DEPLOY / "cluster/entry.sh").read_text(), re.M))
    assert kubernetes - {"RAY_AUTH_TOKEN"} == (compose.keys() | of_entry) - {"RAY_AUTH_TOKEN_PATH"}


def test_a_pod_reaches_nothing_but_what_a_policy_names() -> None:
    policies = {d["metadata"]["name"]: d["spec"] for d in documents() if d["kind"] == "NetworkPolicy"}
    assert policies["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    labels = [pod["metadata"]["labels"] for _, pod in pods()]
    for name, policy in policies.items():
        wanted = policy["podSelector"].get("matchLabels", {})
        assert any(wanted.items() <= mine.items() for mine in labels), f"{name} is about no pod"
        for rule in policy.get("egress", []) + policy.get("ingress", []):
            assert rule.get("to") or rule.get("from"), f"{name} lets everybody"


def test_kustomize_builds_them_where_it_is_installed(secrets: Path, tmp_path: Path) -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    folder = shutil.copytree(DEPLOY / "kubernetes", tmp_path / "kubernetes", ignore=shutil.ignore_patterns("secrets"))
    shutil.copytree(secrets, folder / "secrets")
    done = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    built = [document for document in yaml.safe_load_all(done.stdout) if document]
    web = next(
        document for document in built if document["metadata"]["name"] == "web" and document["kind"] == "Deployment"
    )
    assert web["spec"]["template"]["spec"]["containers"][0]["image"].startswith("registry.agency.example/")
    expected = [pod["spec"]["containers"][0]["env"] for name, pod in pods() if name == "web"]
    assert [web["spec"]["template"]["spec"]["containers"][0]["env"]] == expected
