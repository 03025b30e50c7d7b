"""Every image of every profile: found by two methods, moved to one registry, pinned by digest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.build import fit
from generator.build.profile import load_profile
from generator.build.sources import read_pins
from generator.choices.profiles import Layer
from generator.package.images import SIDECAR_USER, pulled_images
from generator.stack.fluent_bit.image import fluent_bit_image
from generator.stack.images import images_of, parse_reference
from tests import helm, libyaml
from tests.conftest import PROFILES, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.build.sources import Sources

VERSIONS = {name: pin.version for name, pin in read_pins(ROOT).charts.items()}
"""What digests are locked for."""

PROSE = {"ConfigMap", "Secret", "PrometheusRule", "CustomResourceDefinition"}


def named_in_text(objects: list[dict[str, Any]]) -> set[str]:
    """Returns what looks like an image anywhere in the text of the objects: a path with a version behind it.

    It knows nothing of keys, arguments or kinds of workload, so that it cannot overlook what images_of overlooks.
    """
    text = "\n".join(libyaml.dump(found, width=10_000) for found in objects if found["kind"] not in PROSE)
    words = re.findall(r"(?<![\w./:-])(?:[\w.-]+(?::\d+)?/)+[\w.-]+:[\w][\w.-]*(?:@sha256:[0-9a-f]{64})?", text)
    images = {str(parse_reference(word)) for word in words if parse_reference(word)}
    return {image for image in images if not image.startswith("docker.io/") or "/" in image.removeprefix("docker.io/")}


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_the_list_is_what_a_search_of_the_text_finds(
    profile: str, rendered: Callable[..., list[dict[str, Any]]]
) -> None:
    objects = rendered(profile)
    assert {str(found.image) for found in images_of(objects)} == named_in_text(objects)


@pytest.mark.sample(2)
@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_one_registry_serves_every_image_and_no_other_is_named(
    profile: str, rendered: Callable[..., list[dict[str, Any]]], render_overlay: Callable[..., list[dict[str, Any]]]
) -> None:
    upstream = {found.image for found in images_of(rendered(profile))}
    objects = render_overlay(profile, {"images": {"registry": "registry.example/mirror"}})
    moved = {found.image for found in images_of(objects)}
    assert moved == {image.moved("registry.example/mirror") for image in upstream}
    assert all(image.startswith("registry.example/mirror/") for image in named_in_text(objects))


@pytest.mark.sample(2)
@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_every_image_can_be_pinned_by_digest(
    profile: str, rendered: Callable[..., list[dict[str, Any]]], render_overlay: Callable[..., list[dict[str, Any]]]
) -> None:
    upstream = {found.image for found in images_of(rendered(profile))}
    digests = {str(image): f"sha256:{number:064x}" for number, image in enumerate(sorted(upstream), 1)}
    objects = render_overlay(profile, {"images": {"digests": digests, "lockedFor": VERSIONS}})
    assert {str(found.image) for found in images_of(objects)} == {
        f"{name}@{digest}" for name, digest in digests.items()
    }


def test_the_pinned_sidecar_is_the_one_that_grafana_pulls(
    sources: Sources, rendered: Callable[..., list[dict[str, Any]]]
) -> None:
    grafana = next(
        found for found in rendered("jark") if found["kind"] == "Deployment" and "grafana" in found["metadata"]["name"]
    )
    pulled = {str(found.image) for found in images_of([grafana])}
    assert str(sources.pins.image("k8s-sidecar")) in pulled


IMAGE_CHOICES: tuple[dict[str, Any], ...] = (
    {},
    {"images": {"registry": "registry.example/mirror"}},
    {"images": {"digests": {"cr.fluentbit.io/fluent/fluent-bit:5.1.1": "sha256:" + "5e" * 32}, "lockedFor": VERSIONS}},
    {"values": {"fluent-bit": {"image": {"repository": "ghcr.io/mine/fluent-bit", "tag": "6"}}}},
    {"values": {"fluent-bit": {"image": {"tag": "-", "digest": "sha256:" + "5e" * 32}}}},
)


@pytest.mark.sample(3)
@pytest.mark.slow
@pytest.mark.parametrize("choices", IMAGE_CHOICES)
def test_the_sidecar_beside_ray_runs_the_image_of_the_charts_fluent_bit(
    sources: Sources, render_overlay: Callable[..., list[dict[str, Any]]], choices: dict[str, Any]
) -> None:
    build = fit(load_profile("kind", sources, [Layer("mine.yaml", choices)]), sources)
    (daemon_set,) = (
        item for item in render_overlay("kind", choices) if item["kind"] == "DaemonSet" and "fluent" in str(item)
    )
    (container,) = daemon_set["spec"]["template"]["spec"]["containers"]
    assert fluent_bit_image(build.values, build.pins) == container["image"]


@pytest.mark.slow
def test_the_sidecars_image_is_listed_where_the_chart_brings_its_configuration(
    sources: Sources, render_overlay: Callable[..., list[dict[str, Any]]]
) -> None:
    choices: dict[str, Any] = {
        "logs": {"rayNamespaces": ["team"]},
        "components": {"fluent-bit": {"enabled": False}},
        "images": {"registry": "registry.example"},
    }
    build = fit(load_profile("kind", sources, [Layer("mine.yaml", choices)]), sources)
    rendered = render_overlay("kind", choices)
    image = "registry.example/fluent/fluent-bit:5.1.1"
    users = {str(pulled.image): pulled.users for pulled in pulled_images(rendered, build)}
    assert users[image] == (SIDECAR_USER,)
    without = [item for item in rendered if item["metadata"]["name"] != "ray-fluentbit-config"]
    assert image not in {str(pulled.image) for pulled in pulled_images(without, build)}


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.usefixtures("upstream_charts")
def test_images_are_listed_and_checked_by_the_command(chart_mirror: str | None) -> None:
    from click.testing import CliRunner

    from generator.cli import cli

    binary = helm.any_binary()
    if binary is None:
        pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")
    environment = {"GEN_CHART_HELM": str(binary), "GEN_CHART_MIRROR": chart_mirror}
    arguments = ["images", "--profile", "kind", "--registry", "registry.example", "--set", "logs.rayNamespaces=[team]"]
    done = CliRunner().invoke(cli, [*arguments, "--output", "crane"], env=environment)
    assert done.exit_code == 0, done.output
    copies = [line.split() for line in done.stdout.splitlines() if line.startswith("crane")]
    assert len(copies) > 10
    assert all(target == f"registry.example/{source.partition('/')[2]}" for _crane, _copy, source, target in copies)

    assert "crane copy cr.fluentbit.io/fluent/fluent-bit:5.1.1 registry.example/fluent/fluent-bit:5.1.1" in done.stdout
    table = CliRunner().invoke(cli, arguments, env=environment).stdout
    (line,) = (line for line in table.splitlines() if "fluent/fluent-bit" in line)
    assert "DaemonSet/ai-ml-observability-fluent-bit, Ray pods (gen-chart instrument)" in line

    left = CliRunner().invoke(
        cli,
        [*arguments, "--set", "values.metrics-server.image.repository=ghcr.io/mine/metrics-server"],
        env=environment,
    )
    assert left.exception is not None
    assert "ghcr.io/mine/metrics-server:v0.8.1 is not pulled from registry.example" in str(left.exception)
