"""The bill of materials: CycloneDX 1.6."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component as BomComponent
from cyclonedx.model.component import ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from conclave.bundle.cache import Component, Part

NAME = "sbom.cdx.json"
_NAMESPACE = UUID("7b0d4c86-62cf-5f0e-9d9b-6f6d2c4c9f11")


def write(parts: Iterable[Part], serial: int, created: datetime) -> str:
    """Return the bill of materials of a release as JSON.

    Parameters
    ----------
    parts:
        The bundle's parts.
    serial:
        Number of the release.
    created:
        Time of the release.
    """
    bom = Bom(serial_number=uuid5(_NAMESPACE, str(serial)))
    bom.metadata.timestamp = created
    whole = BomComponent(
        type=ComponentType.PLATFORM, name="conclave-bundle", version=str(serial), bom_ref="conclave-bundle"
    )
    bom.metadata.component = whole
    for part in parts:
        unique = {component.purl: _component(part.name, component) for component in part.components}
        # The program that a part is made for depends on its libraries; the bundle on the program.
        programs = [c for c in unique.values() if c.type is ComponentType.APPLICATION]
        libraries = [c for c in unique.values() if c.type is not ComponentType.APPLICATION]
        bom.components.update(unique.values())
        bom.register_dependency(whole, programs or libraries)
        for program in programs:
            bom.register_dependency(program, libraries)
    return str(JsonV1Dot6(bom).output_as_string(indent=1)) + "\n"


def _component(part: str, component: Component) -> BomComponent:
    licences = LicenseFactory()
    return BomComponent(
        type=ComponentType(component.type),
        name=component.name,
        version=component.version,
        purl=PackageURL.from_string(component.purl),
        # The same library may be in several parts, in several versions.
        bom_ref=f"{part}/{component.purl}",
        hashes=[HashType(alg=HashAlgorithm(name), content=value) for name, value in component.hashes.items()],
        licenses=[licences.make_from_string(component.licence)] if component.licence else (),
        properties=[Property(name="conclave:part", value=part)],
    )
