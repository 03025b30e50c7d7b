"""What needs the chart with its upstream charts in it: its images, and the archive that installs with no network."""

from generator.package.packaging import Package, make_package

__all__ = ["Package", "make_package"]
