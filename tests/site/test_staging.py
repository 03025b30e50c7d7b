"""Pages of the repository on their way into the site: every link leads somewhere, every page is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.site.staging import Plan, SiteError, read_plan, stage

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "docs" / "deep").mkdir(parents=True)
    (tmp_path / "rules").mkdir()
    (tmp_path / "docs" / "values.schema.json").write_text("{}", encoding="utf-8")
    (tmp_path / "rules" / "ray.yaml").write_text("", encoding="utf-8")
    (tmp_path / "README.md").write_text("[a](docs/a.md#one)\n", encoding="utf-8")
    (tmp_path / "docs" / "deep" / "README.md").write_text("[a](../a.md)\n", encoding="utf-8")
    return tmp_path


def staged(project: Path, text: str, repository: str = "") -> str:
    """Returns docs/a.md as the site gets it."""
    (project / "docs" / "a.md").write_text(text, encoding="utf-8")
    pages = {"README.md": "index.md", "docs/a.md": "a.md", "docs/deep/README.md": "deep/index.md"}
    stage(project, Plan("test", pages, []), project / "out", repository)
    return (project / "out" / "a.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("written", "there"),
    [
        ("[home](../README.md#start)", "[home](index.md#start)"),
        ("[deep](deep/README.md)", "[deep](deep/index.md)"),
        ("[deep](deep)", "[deep](deep/index.md)"),
        ("[out](https://example.com/a.md)", "[out](https://example.com/a.md)"),
        ("[here](#part)", "[here](#part)"),
        ("[rules](../rules/ray.yaml)", "rules (`rules/ray.yaml`)"),
        ("```sh\n[no](link.md)\n```", "```sh\n[no](link.md)\n```"),
    ],
)
def test_links_are_moved_with_their_pages(project: Path, written: str, there: str) -> None:
    assert staged(project, written) == there


def test_what_is_no_page_is_linked_where_the_repository_has_an_address(project: Path) -> None:
    found = staged(project, "[rules](../rules/ray.yaml)", "https://example.com/blob/main")
    assert found == "[rules](https://example.com/blob/main/rules/ray.yaml)"


def test_pages_of_the_root_and_of_folders_find_the_others(project: Path) -> None:
    staged(project, "")
    assert (project / "out" / "index.md").read_text("utf-8") == "[a](a.md#one)\n"
    assert (project / "out" / "deep" / "index.md").read_text("utf-8") == "[a](../a.md)\n"


def test_a_link_to_a_file_that_is_not_there_is_named_with_its_line(project: Path) -> None:
    with pytest.raises(SiteError, match=r"docs/a.md:2: found a link to '../gone.yaml', which is not in the repository"):
        staged(project, "\n[gone](../gone.yaml)")


def test_every_page_of_the_shipped_documentation_has_a_place() -> None:
    assert len(read_plan(ROOT, ROOT / "tests" / "site" / "site.yaml").pages) > 100


@pytest.mark.parametrize(
    ("nav", "said"),
    [
        ("[index.md]", "'a.md' of docs/ is named nowhere"),
        ("[index.md, a.md, b.md]", "found 'b.md', which is no page"),
    ],
)
def test_a_page_without_a_place_and_a_place_without_a_page_are_named(project: Path, nav: str, said: str) -> None:
    (project / "docs" / "a.md").write_text("", encoding="utf-8")
    (project / "docs" / "deep" / "README.md").unlink()
    file = project / "site.yaml"
    file.write_text(f"name: test\nroot: {{README.md: index.md}}\nnav:\n  Start: {nav}\n", encoding="utf-8")
    with pytest.raises(SiteError, match=said):
        read_plan(project, file)
