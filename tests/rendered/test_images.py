"""Every image of every profile: found by two methods, moved to one registry, pinned by digest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from generator.stack.images import images_of, parse_reference
from tests import helm
from tests.conftest import PROFILES

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.build.sources import Sources

PROSE = {"ConfigMap", "Secret", "PrometheusRule", "CustomResourceDefinition"}


def named_in_text(objects: list[dict]) -> set[str]:
    """Gives what looks like an image anywhere in the text of the objects: a path with a version behind it.

    It knows nothing of keys, arguments or kinds of workload, so that it cannot overlook what images_of overlooks.
    """
    text = "\n".join(yaml.safe_dump(found, width=10_000) for found in objects if found["kind"] not in PROSE)
    words = re.findall(r"(?<![\w./:-])(?:[\w.-]+(?::\d+)?/)+[\w.-]+:[\w][\w.-]*(?:@sha256:[0-9a-f]{64})?", text)
    images = {str(parse_reference(word)) for word in words if parse_reference(word)}
    return {image for image in images if not image.startswith("docker.io/") or "/" in image.removeprefix("docker.io/")}


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_the_list_is_what_a_search_of_the_text_finds(profile: str, rendered: Callable[..., list[dict]]) -> None:
    objects = rendered(profile)
    assert {str(found.image) for found in images_of(objects)} == named_in_text(objects)


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_one_registry_serves_every_image_and_no_other_is_named(
    profile: str, rendered: Callable[..., list[dict]], render_overlay: Callable[..., list[dict]]
) -> None:
    upstream = {found.image for found in images_of(rendered(profile))}
    objects = render_overlay(profile, {"images": {"registry": "registry.example/mirror"}})
    moved = {found.image for found in images_of(objects)}
    assert moved == {image.moved("registry.example/mirror") for image in upstream}
    assert all(image.startswith("registry.example/mirror/") for image in named_in_text(objects))


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_every_image_can_be_pinned_by_digest(
    profile: str, rendered: Callable[..., list[dict]], render_overlay: Callable[..., list[dict]]
) -> None:
    upstream = {found.image for found in images_of(rendered(profile))}
    digests = {str(image): f"sha256:{number:064x}" for number, image in enumerate(sorted(upstream), 1)}
    objects = render_overlay(profile, {"images": {"digests": digests}})
    assert {str(found.image) for found in images_of(objects)} == {
        f"{name}@{digest}" for name, digest in digests.items()
    }


def test_the_pinned_sidecar_is_the_one_that_grafana_pulls(
    sources: Sources, rendered: Callable[..., list[dict]]
) -> None:
    grafana = next(
        found for found in rendered("jark") if found["kind"] == "Deployment" and "grafana" in found["metadata"]["name"]
    )
    pulled = {str(found.image) for found in images_of([grafana])}
    assert str(sources.pins.image("k8s-sidecar")) in pulled


@pytest.mark.slow
@pytest.mark.usefixtures("upstream_charts")
def test_images_are_listed_and_checked_by_the_command(chart_mirror: str | None) -> None:
    from click.testing import CliRunner

    from generator.cli import cli

    binary = helm.any_binary()
    if binary is None:
        pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")
    environment = {"GEN_CHART_HELM": str(binary), "GEN_CHART_MIRROR": chart_mirror}
    arguments = ["images", "--profile", "kind", "--registry", "registry.example"]
    done = CliRunner().invoke(cli, [*arguments, "--output", "crane"], env=environment)
    assert done.exit_code == 0, done.output
    copies = [line.split() for line in done.stdout.splitlines() if line.startswith("crane")]
    assert len(copies) > 10
    assert all(target == f"registry.example/{source.partition('/')[2]}" for _crane, _copy, source, target in copies)

    left = CliRunner().invoke(
        cli,
        [*arguments, "--set", "values.metrics-server.image.repository=ghcr.io/mine/metrics-server"],
        env=environment,
    )
    assert left.exception is not None
    assert "ghcr.io/mine/metrics-server:v0.8.1 is not pulled from registry.example" in str(left.exception)
