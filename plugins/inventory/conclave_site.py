# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands Ansible a site as `conclave` reads it: hosts, groups, variables, and everything that follows from them.

A site with a mistake is no inventory: the findings of `conclave site check` are the error. Read once a run, before the
first task.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.template import trust_as_template

from conclave import inventory as derived
from conclave.catalog import Catalog
from conclave.deploy import ways
from conclave.errors import ConclaveError
from conclave.site import read
from conclave.site.file import plain

if TYPE_CHECKING:
    from ansible.inventory.data import InventoryData
    from ansible.parsing.dataloader import DataLoader

    from conclave.site.groups import Groups

DOCUMENTATION = r"""
name: conclave_site
short_description: A Conclave site from its site.yml and hosts.yml
description:
  - Reads C(hosts.yml) and the C(site.yml) beside it, with the validation of C(conclave site check).
  - Every host gets the variables C(conclave) (the same on all) and C(conclave_host) (its own).
author: [Conclave]
"""


class InventoryModule(BaseInventoryPlugin):  # type: ignore[misc] # ansible-core ships no types
    """Read, derive, hand over."""

    NAME = "conclave_site"

    def verify_file(self, path: str) -> bool:
        """Take a site's ``hosts.yml``."""
        file = Path(path)
        return bool(super().verify_file(path)) and file.name == "hosts.yml" and file.with_name("site.yml").is_file()

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:  # noqa: FBT001, FBT002 - Ansible's signature
        """Fill the inventory."""
        super().parse(inventory, loader, path, cache)
        # Not resolved: a linked hosts.yml belongs to the site.yml beside the link.
        folder = Path(path).absolute().parent
        reading = read.check_folder(folder)
        for notice in reading.notices:
            self.display.warning(str(notice))
        try:
            site, catalog = read.right(reading), Catalog.load()
            self._groups(reading.groups)
            everywhere = derived.of_site(site, catalog)
            for host in site.hosts:
                # Variables of the host: those of a group give way to what somebody writes into group_vars.
                for name, value in {**everywhere, **derived.of_host(site, host, catalog)}.items():
                    self.inventory.set_variable(host.name, name, value)
            for name, way in ways.given().items():
                self.inventory.set_variable(name, "ansible_host", way.address)
                self.inventory.set_variable(name, "ansible_port", way.port)
        except ConclaveError as error:
            raise AnsibleParserError("\n".join(error.lines())) from error

    def _groups(self, groups: Groups) -> None:
        """Hand over what stands in hosts.yml, as Ansible's own reader of it would."""
        for name in groups.groups:
            self.inventory.add_group(name)
        for name, group in groups.groups.items():
            for child in group.children:
                self.inventory.add_child(name, child)
            for variable, value in group.variables.items():
                self.inventory.set_variable(name, variable, _trusted(value))
            for host, variables in group.hosts.items():
                self.inventory.add_host(host, name)
                for variable, value in variables.items():
                    self.inventory.set_variable(host, variable, _trusted(value))


def _trusted(value: object) -> Any:  # noqa: ANN401 - whatever YAML can say
    """Let texts of the operator's own file be templates, as they are in every inventory."""
    value = plain(value)
    if isinstance(value, dict):
        return {key: _trusted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_trusted(inner) for inner in value]
    return trust_as_template(value) if isinstance(value, str) else value
