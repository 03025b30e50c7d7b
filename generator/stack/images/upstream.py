"""Where each upstream chart's values name an image, so that a registry or a digest can be set there.

Facts from the values.yaml and templates of the pinned charts. tests/rendered/test_images.py renders every profile with
a digest for each image, and fails when one is missing here.
"""

from __future__ import annotations

from dataclasses import dataclass

SHA = "sha"
"""The key ``sha`` takes the hexadecimal digits alone."""

PREFIXED_SHA = "prefixed sha"
"""The key ``sha`` takes ``sha256:`` and the digits."""

DIGEST = "digest"
"""The key ``digest`` takes ``sha256:`` and the digits."""

TAG = "tag"
"""There is no key for a digest; behind the tag it does as well."""


@dataclass(frozen=True)
class ImageValue:
    """One image in the values of the umbrella chart.

    Attributes:
        path: the keys that lead to the mapping with ``repository`` and ``tag``.
        image: registry and path of the image that the chart pulls by default.
        style: how its digest is set: SHA, PREFIXED_SHA, DIGEST or TAG.
        whole_name: whether ``repository`` holds the registry too, and no global value reaches it.
        suffix: what the chart puts behind the tag by itself.
    """

    path: tuple[str, ...]
    image: str
    style: str
    whole_name: bool = False
    suffix: str = ""


_STACK = "kube-prometheus-stack"
_OPERATOR = (_STACK, "prometheusOperator")

IMAGE_VALUES = (
    ImageValue((*_OPERATOR, "image"), "quay.io/prometheus-operator/prometheus-operator", SHA),
    ImageValue(
        (*_OPERATOR, "prometheusConfigReloader", "image"),
        "quay.io/prometheus-operator/prometheus-config-reloader",
        SHA,
    ),
    ImageValue((*_OPERATOR, "thanosImage"), "quay.io/thanos/thanos", SHA),
    ImageValue((*_OPERATOR, "admissionWebhooks", "patch", "image"), "ghcr.io/jkroepke/kube-webhook-certgen", SHA),
    ImageValue((_STACK, "prometheus", "prometheusSpec", "image"), "quay.io/prometheus/prometheus", SHA),
    ImageValue((_STACK, "alertmanager", "alertmanagerSpec", "image"), "quay.io/prometheus/alertmanager", SHA),
    ImageValue((_STACK, "grafana", "image"), "docker.io/grafana/grafana", SHA),
    ImageValue((_STACK, "grafana", "sidecar", "image"), "quay.io/kiwigrid/k8s-sidecar", SHA),
    ImageValue(
        (_STACK, "prometheus-node-exporter", "image"),
        "quay.io/prometheus/node-exporter",
        DIGEST,
        suffix="-distroless",
    ),
    ImageValue(("kube-state-metrics", "image"), "registry.k8s.io/kube-state-metrics/kube-state-metrics", PREFIXED_SHA),
    ImageValue(("opensearch", "image"), "docker.io/opensearchproject/opensearch", TAG),
    ImageValue(
        ("opensearch-dashboards", "image"),
        "docker.io/opensearchproject/opensearch-dashboards",
        TAG,
        whole_name=True,
    ),
    ImageValue(("fluent-bit", "image"), "cr.fluentbit.io/fluent/fluent-bit", DIGEST, whole_name=True),
    ImageValue(
        ("metrics-server", "image"),
        "registry.k8s.io/metrics-server/metrics-server",
        TAG,
        whole_name=True,
    ),
)
