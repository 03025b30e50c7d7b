"""Registry and digests of a profile as Helm values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.errors import InputError
from generator.stack.images import image_values
from generator.stack.images.listing import lock_file
from generator.stack.images.values import own_image
from tests import libyaml

if TYPE_CHECKING:
    from generator.build.sources import Sources
    from generator.choices.profiles import Profile

DIGEST = "sha256:" + "ab" * 32
FLUENT_BIT = "cr.fluentbit.io/fluent/fluent-bit:5.1.1"


def profile(sources: Sources, **choices: Any) -> Profile:
    """Returns the profile with these choices of images; digests are those of the charts that are pinned."""
    versions = {name: pin.version for name, pin in sources.pins.charts.items()}
    return load_profile("standalone", sources, [Layer("mine.yaml", {"images": {"lockedFor": versions, **choices}})])


def test_without_a_choice_nothing_is_set(sources: Sources) -> None:
    assert image_values(profile(sources), sources.pins) == {}


def test_a_registry_reaches_every_chart(sources: Sources) -> None:
    values = image_values(profile(sources, registry="registry.example/m"), sources.pins)
    assert values["global"] == {"imageRegistry": "registry.example/m", "dockerRegistry": "registry.example/m"}
    assert values["fluent-bit"] == {"image": {"repository": "registry.example/m/fluent/fluent-bit"}}


def test_a_digest_is_set_as_each_chart_takes_it(sources: Sources) -> None:
    locked = {
        FLUENT_BIT: DIGEST,
        "quay.io/prometheus/prometheus:v3.14.0-distroless": DIGEST,
        "docker.io/opensearchproject/opensearch:3.6.0": DIGEST,
        "quay.io/prometheus/node-exporter:v1.12.1-distroless": DIGEST,
    }
    values = image_values(profile(sources, digests=locked), sources.pins)
    assert values["fluent-bit"]["image"] == {"tag": "5.1.1", "digest": DIGEST}
    stack = values["kube-prometheus-stack"]
    assert stack["prometheus"]["prometheusSpec"]["image"] == {"tag": "v3.14.0-distroless", "sha": "ab" * 32}
    assert stack["prometheus-node-exporter"]["image"] == {"tag": "v1.12.1", "digest": DIGEST}
    assert values["opensearch"] == {"image": {"tag": f"3.6.0@{DIGEST}"}, "majorVersion": "3"}


def test_the_charts_own_images_follow_registry_and_digest(sources: Sources) -> None:
    image = sources.pins.image("k8s-sidecar")
    chosen = profile(sources, registry="registry.example", digests={str(image): DIGEST})
    assert own_image(chosen, sources.pins, image) == f"registry.example/kiwigrid/k8s-sidecar:{image.tag}@{DIGEST}"
    assert own_image(profile(sources), sources.pins, image) == str(image)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "quay.io/prometheus/promehteus:v3",
            "mine.yaml: images.digests.quay.io/prometheus/promehteus:v3: no part of this chart pulls",
        ),
        ("quay.io/prometheus/prometheus", "expected an image with its tag"),
        ("not an image", "expected an image with its tag"),
        (f"{FLUENT_BIT}@{DIGEST}", "expected an image with its tag"),
    ],
)
def test_a_digest_for_what_nobody_pulls_is_refused(sources: Sources, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        image_values(profile(sources, digests={name: DIGEST}), sources.pins)
    if "promehteus" in name:
        assert "did you mean 'quay.io/prometheus/prometheus'" in str(caught.value)


@pytest.mark.parametrize(
    ("found", "path", "says"),
    [
        ({"fluent-bit": "0.1.0"}, "lockedFor.fluent-bit", "found digests of images of fluent-bit 0.1.0, expected of"),
        ({}, f"digests.{FLUENT_BIT}", "found digests of no known version of fluent-bit, expected of"),
    ],
)
def test_digests_of_another_version_of_a_chart_are_refused(
    sources: Sources, found: dict[str, str], path: str, says: str
) -> None:
    change = {"images": {"digests": {FLUENT_BIT: DIGEST}, "lockedFor": found}}
    with pytest.raises(InputError) as caught:
        image_values(load_profile("standalone", sources, [Layer("mine.yaml", change)]), sources.pins)
    (problem,) = caught.value.problems
    assert (problem.file, problem.path) == ("mine.yaml", f"images.{path}")
    assert problem.message.startswith(f"{says} {sources.pins.pin('fluent-bit').version}, which this chart installs")
    assert "gen-chart images --lock" in problem.hint


def test_a_chart_whose_images_have_no_digest_may_have_another_version(sources: Sources) -> None:
    versions = {"fluent-bit": sources.pins.pin("fluent-bit").version, "opensearch": "0.1.0"}
    change = {"images": {"digests": {FLUENT_BIT: DIGEST}, "lockedFor": versions}}
    values = image_values(load_profile("standalone", sources, [Layer("mine.yaml", change)]), sources.pins)
    assert values["fluent-bit"]["image"]["digest"] == DIGEST


def test_a_digest_of_another_version_of_the_charts_own_image_is_refused(sources: Sources) -> None:
    sidecar = sources.pins.image("k8s-sidecar")
    older = {f"{sidecar.repository}:1.0.0": DIGEST}
    with pytest.raises(InputError, match=f"found the tag 1.0.0, expected {sidecar.tag}, which this chart pulls"):
        own_image(profile(sources, digests=older), sources.pins, sidecar)


def test_a_lock_file_says_what_it_is_for(sources: Sources) -> None:
    text = lock_file({FLUENT_BIT: DIGEST}, {name: pin.version for name, pin in sources.pins.charts.items()})
    choices = libyaml.load(text)
    assert set(choices["images"]["lockedFor"]) == set(sources.pins.charts)
    values = image_values(load_profile("standalone", sources, [Layer("images.lock.yaml", choices)]), sources.pins)
    assert values["fluent-bit"]["image"]["digest"] == DIGEST


@pytest.mark.parametrize(
    "choices",
    [
        {"registry": "https://registry.example"},
        {"registry": ""},
        {"registry": "a b"},
        {"digests": {FLUENT_BIT: "latest"}},
    ],
)
def test_the_schema_refuses_what_is_no_registry_and_no_digest(sources: Sources, choices: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"mine\.yaml: images"):
        profile(sources, **choices)
