"""One archive that installs with no network, and what proves where it comes from: checksum, SBOM, signature."""

from generator.package.packaging import Package, make_package

__all__ = ["Package", "make_package"]
