"""Builds the documentation site from docs/ and the pages of the root, with Zensical, into build/site.

A link or an anchor that leads nowhere ends it with 1, a page that the navigation lacks too; 2 if Zensical is not there.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from generator.errors import Exit
from tests.site.staging import SiteError, read_plan, stage

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
OUT = ROOT / "build" / "site"

_EXTENSIONS = ["admonition", "attr_list", "tables", "toc", "pymdownx.superfences", "pymdownx.highlight"]


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="make site, or python -m tests.site", description=__doc__)
    parser.add_argument("--zensical", default=ROOT / ".venv-site" / "bin" / "zensical", type=Path, help="the program")
    parser.add_argument(
        "--repository", default="", help="where files of the repository can be read: https://…/blob/main"
    )
    given = parser.parse_args()
    if not given.zensical.exists():
        sys.stderr.write(f"no {given.zensical}: make site installs it\n")
        return Exit.BAD_INPUT
    work = ROOT / "build" / "site-pages"
    shutil.rmtree(work, ignore_errors=True)
    try:
        plan = read_plan(ROOT, HERE / "site.yaml")
        stage(ROOT, plan, work / "docs", given.repository)
    except SiteError as error:
        sys.stderr.write(f"{error}\n")
        return Exit.CHECK_FAILED
    settings = {
        "site_name": plan.name,
        "docs_dir": "docs",
        "site_dir": "site",  # inside the project, or Zensical refuses
        "nav": plan.nav,
        "theme": {"features": ["navigation.tabs", "navigation.indexes", "content.code.copy"]},
        "markdown_extensions": _EXTENSIONS,
        "validation": {"invalid_links": True, "invalid_link_anchors": True},
    }
    (work / "mkdocs.yml").write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), encoding="utf-8")
    done = subprocess.run(
        [given.zensical.resolve(), "build", "--strict", "--clean"],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        # What it found, without the trace of the program that ends for it.
        sys.stderr.write((done.stdout + done.stderr).partition("Traceback")[0])
        return Exit.CHECK_FAILED
    shutil.rmtree(OUT, ignore_errors=True)
    (work / "site").rename(OUT)
    sys.stdout.write(f"{len(plan.pages)} pages in {OUT.relative_to(ROOT)}\n")
    return Exit.DONE


if __name__ == "__main__":
    sys.exit(main())
