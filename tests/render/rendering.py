"""Render a role's tree for a host of an inventory, by the plugin that does it on a deployment."""

from __future__ import annotations

import base64
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import action_loader, filter_loader, init_plugin_loader, inventory_loader
from ansible.template import Templar
from ansible.utils.collection_loader import AnsibleCollectionConfig
from tests.sites import LAB

from conclave.catalog import Catalog
from conclave.site import secrets, software

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conclave.site.model import Site

ROOT = Path(__file__).parents[2]
# Of the length and the alphabet that a site's have; a lab has the last one too.
SECRETS = {name: make() for name, make in {**secrets.GENERATED, secrets.DEMO_PASSWORD: lambda: "demo" * 5}.items()}
# A host whose role renews certificates does so with an authority that signs nothing here.
AUTHORITY = {"site_ca_key": "key", "site_ca_certificate": "certificate"}


@cache
def _inventory(site: str) -> tuple[DataLoader, InventoryManager]:
    # Once a process, whoever is first.
    if AnsibleCollectionConfig.collection_finder is None:
        init_plugin_loader()
    sys.path.insert(0, str(ROOT / "src"))
    action_loader.add_directory(str(ROOT / "plugins/action"))
    filter_loader.add_directory(str(ROOT / "plugins/filter"))
    inventory_loader.add_directory(str(ROOT / "plugins/inventory"))
    loader = DataLoader()
    loader.set_basedir(str(ROOT / "playbooks"))
    folder = ROOT / "inventories" / site
    return loader, InventoryManager(loader=loader, sources=[str(folder / "hosts.yml")])


def _trusted(loader: DataLoader, path: Path) -> dict[str, Any]:
    return loader.load_from_file(str(path), trusted_as_template=True) or {} if path.is_file() else {}


@cache
def variables(site: str, host: str) -> dict[str, Any]:
    """Return the host's variables as a play has them, roles' defaults excepted."""
    loader, inventory = _inventory(site)
    found: dict[str, Any] = {}
    for part in sorted((ROOT / "playbooks/group_vars/all").glob("*.yml")):
        found |= _trusted(loader, part)
    # Not the inventory's group_vars: they are the site's real secrets, and encrypted.
    hostvars = {name: {**known.get_vars(), "inventory_hostname": name} for name, known in inventory.hosts.items()}
    return {
        **found,
        **SECRETS,
        **hostvars[host],
        "hostvars": hostvars,
        "groups": inventory.get_groups_dict(),
        "playbook_dir": str(ROOT / "playbooks"),
        "inventory_dir": str(ROOT / "inventories" / site),
    }


def render(role: str, host: str, site: str = "lab", **changed: object) -> dict[str, dict[str, Any]]:
    """Return the files of a role on a host: path without leading slash, to owner, mode, validate, content and so on."""
    loader, _ = _inventory(site)
    defaults = _trusted(loader, ROOT / "roles" / role / "defaults/main.yml")
    known = {**defaults, **variables(site, host), **changed}
    task = SimpleNamespace(async_val=False, _role=None, args={}, notify=None, environment=[])
    plugin = action_loader.get(
        "conclave_tree",
        task=task,
        connection=SimpleNamespace(_shell=SimpleNamespace(tmpdir="")),
        play_context=None,
        loader=loader,
        templar=Templar(loader=loader, variables=known),
        shared_loader_obj=None,
    )
    files = plugin._files(ROOT / "roles" / role, role, known)  # noqa: SLF001 - the part that renders
    return {item["path"]: {**item, "content": _text(item)} for item in files}


def _text(item: dict[str, Any]) -> str:
    # A key ring is no text.
    return base64.b64decode(item.get("content", "")).decode(errors="surrogateescape")


def render_all(site: Site = LAB) -> Iterator[tuple[str, str, dict[str, dict[str, Any]]]]:
    """Yield host, role and the role's files, for every role that a host of a site has."""
    catalog = Catalog.load()
    for host in site.hosts:
        for role in software.with_needed(software.roles(host, catalog)):
            files = render(role, host.name, site.name, **AUTHORITY, __site_ca_serves="core" in host.roles)
            yield host.name, role, files


def place(files: dict[str, dict[str, Any]], root: Path) -> None:
    """Write rendered files below a folder that stands for ``/``."""
    for path, item in files.items():
        if item["state"] != "file":
            continue
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(item["content"], errors="surrogateescape")
        target.chmod(int(item["mode"], 8))


def document(files: dict[str, dict[str, Any]], path: str) -> Any:  # noqa: ANN401 - what stands in the file
    """Return a rendered YAML file, read."""
    return yaml.safe_load(files[path]["content"])
