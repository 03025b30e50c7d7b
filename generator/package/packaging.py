"""Makes the package of a profile: generated, completed, rendered, packed, all files or none."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generator.build.metadata import NAME
from generator.errors import bad_input
from generator.files import yamlfile
from generator.package.annotations import annotated
from generator.package.complete import NAMESPACE, RELEASE, complete_chart
from generator.package.images import pulled_images
from generator.package.provenance import provenance_text, sign
from generator.package.sbom import Contents, sbom_json
from generator.upstream import helm, pack_chart
from generator.upstream.archive import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.build.build import Build
    from generator.upstream import Upstream


@dataclass(frozen=True)
class Package:
    """The files of a package, all in one folder.

    Attributes:
        archive: the chart, ``NAME-VERSION.tgz``.
        sha256: its sha256; ``NAME-VERSION.tgz.sha256`` holds it as ``sha256sum --check`` reads it.
        sbom: what is in it, CycloneDX 1.6.
        provenance: Helm's provenance file, signed; None without a key.
        charts: how many upstream charts are in it.
        images: how many images it pulls.
    """

    archive: Path
    sha256: str
    sbom: Path
    provenance: Path | None
    charts: int
    images: int

    @property
    def files(self) -> tuple[Path, ...]:
        """Returns every file of the package."""
        checksum = self.archive.with_name(f"{self.archive.name}.sha256")
        return (self.archive, checksum, self.sbom, *((self.provenance,) if self.provenance else ()))


def make_package(
    build: Build,
    destination: Path,
    upstream: Upstream,
    *,
    version: str | None = None,
    key: str | None = None,
) -> Package:
    """Writes a Build's chart with its upstream charts as one archive that needs no network.

    An equal Build and the same upstream archives give the same bytes. What Helm makes of the archive is compared with
    what it makes of the chart before anything is written to ``destination``.

    Args:
        build: what the chart is made from; its queries have been checked.
        destination: the folder for the files; it is made if it is missing. Files of the same names are replaced.
        upstream: where the upstream charts come from.
        version: the chart's version; None for the generator's.
        key: the GnuPG key that signs; None for no provenance file.

    Raises:
        InputError: no helm, no upstream chart, no such key, or the folder cannot be written; nothing is left there.
    """
    with complete_chart(build, upstream) as (folder, vendored):
        chart_yaml = folder / "Chart.yaml"
        # The version first: labels carry it. The list of images, known once the chart is rendered, changes no object.
        text = annotated(chart_yaml.read_text(encoding="utf-8"), (), version)
        chart_yaml.write_bytes(text.encode())
        rendered = helm.template(folder, release=RELEASE, namespace=NAMESPACE)
        images = [pulled.image for pulled in pulled_images(helm.objects(rendered, crds=False), build)]
        text = annotated(text, images, None)
        chart_yaml.write_bytes(text.encode())
        metadata = yamlfile.parse(text, file="Chart.yaml")
        name = f"{NAME}-{metadata['version']}.tgz"
        with _all_or_none(destination) as staged:
            archive = staged / name
            pack_chart(folder, archive, name=NAME)
            if helm.template(archive, release=RELEASE, namespace=NAMESPACE) != rendered:
                raise bad_input("the archive renders to something else than the chart", file=name)
            digest = sha256_of(archive)
            (staged / f"{name}.sha256").write_bytes(f"{digest}  {name}\n".encode())
            contents = Contents(metadata, digest, build.pins, folder / "charts", vendored, images)
            sbom = staged / f"{archive.stem}.cdx.json"
            sbom.write_bytes(sbom_json(contents).encode())
            if key is not None:
                (staged / f"{name}.prov").write_bytes(sign(provenance_text(metadata, name, digest), key))
    return Package(
        destination / name,
        digest,
        destination / sbom.name,
        destination / f"{name}.prov" if key is not None else None,
        len(vendored),
        len(images),
    )


@contextmanager
def _all_or_none(destination: Path) -> Iterator[Path]:
    """Provides a folder whose files move to the destination at the end of the block, unless an error ends it."""
    try:
        destination.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".gen-chart-", dir=destination) as folder:
            staged = Path(folder)
            yield staged
            for file in sorted(staged.iterdir()):
                file.chmod(0o644)
                file.replace(destination / file.name)
    except OSError as error:
        place = str(error.filename) if error.filename else str(destination)
        raise bad_input(f"cannot be written: {error.strerror or error}", file=place) from None
