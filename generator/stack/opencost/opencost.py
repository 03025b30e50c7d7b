"""OpenCost, optional: its metrics and its API tell what workloads cost.

Its variables, port and probe are those of upstream's chart 2.5.17 (opencost/opencost-helm-chart 725bb93). What it reads
of Kubernetes is what it watches: opencost 1.120.0 pkg/clustercache/clustercache.go, and the ConfigMaps of its own
namespace, pkg/util/watcher/configwatchers.go. Upstream's ClusterRole may read all ConfigMaps of the cluster, and more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.files.templating import render
from generator.stack.component import choices_of
from generator.stack.images.values import own_image

if TYPE_CHECKING:
    from generator.choices.pins import Pins
    from generator.choices.profiles import Profile
    from generator.files.tree import Chart

KEY = "opencost"
"""Its key in the chart's values, and in a profile's components."""


def opencost_values(profile: Profile, pins: Pins) -> dict[str, Any]:
    """Returns the chart's values below ``opencost`` that the profile and pins.yaml decide.

    Raises:
        InputError: the image is not pinned, or the profile's digests are not its own.
    """
    choices = choices_of(profile, KEY)
    return {
        "enabled": choices["enabled"],
        "image": own_image(profile, pins, pins.image("opencost")),
        "prometheusUrl": choices["prometheusUrl"] or "",
        "clusterId": choices["clusterId"],
    }


def opencost_templates(*, header: str) -> Chart:
    """Builds OpenCost's template, by its path in the chart; ``header`` is its first line."""
    return {"templates/opencost.yaml": render("stack/opencost/templates/opencost.yaml", header=header)}
