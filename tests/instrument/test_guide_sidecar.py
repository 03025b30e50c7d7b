"""The sidecar that the AI on EKS guide has people write by hand: it is replaced, and nothing else of theirs is."""

from __future__ import annotations

import pytest

from generator.errors import InputError
from tests.instrument.helpers import IMAGE, container, first, minimal, run, volumes, workers

SIDECAR = """\
        - name: fluentbit
          image: fluent/fluent-bit:3.2.2
          env:
          - name: POD_LABELS
            valueFrom: {fieldRef: {fieldPath: "metadata.labels['ray.io/cluster']"}}
          resources:
            requests: {cpu: 200m, memory: 256Mi}
            limits: {cpu: 200m, memory: 256Mi}
          volumeMounts:
          - {mountPath: /tmp/ray, name: ray-logs}
          - mountPath: /fluent-bit/etc/fluent-bit.conf
            subPath: fluent-bit.conf
            name: fluentbit-config
"""
VOLUMES = """\
        volumes:
        - name: ray-logs   # ours
          emptyDir: {}
        - name: fluentbit-config
          configMap:
            name: fluentbit-config
        - {name: models, emptyDir: {}}
"""


def service(sidecar: str = SIDECAR, pod_volumes: str = VOLUMES, mounts: str = "") -> str:
    """Returns a cluster whose workers have the guide's sidecar."""
    return minimal() + (
        "  workerGroupSpecs:\n  - groupName: gpu\n    template:\n      spec:\n        containers:\n"
        "        - name: ray-worker\n          image: rayproject/ray:2.52.0   # pinned\n"
        f"          volumeMounts:\n          - {{mountPath: /tmp/ray, name: ray-logs}}\n{mounts}{sidecar}{pod_volumes}"
    )


def test_it_is_replaced_with_its_volume_and_keeps_the_size_that_it_had() -> None:
    done = run(service())
    (template,) = workers(first(done.text)["spec"])
    sidecar = container(template, "fluentbit")
    assert sidecar["image"] == IMAGE
    assert sidecar["resources"]["limits"] == {"cpu": "200m", "memory": "256Mi"}
    assert sidecar["securityContext"]["runAsNonRoot"] is True
    assert list(volumes(template)) == ["ray-logs", "ray-fluentbit-config", "models", "fluentbit-state"]
    assert any("containers[1]: fluentbit anew" in str(change) for change in done.changes)
    again = run(done.text)
    assert again.text == done.text
    assert again.changes == ()


def test_no_other_line_changes() -> None:
    text = service()
    gone = set(text.splitlines()) - set(run(text).text.splitlines())
    own = set(SIDECAR.splitlines()) | {"        - name: fluentbit-config", "            name: fluentbit-config"}
    assert gone <= own


def test_its_volume_stays_where_something_else_mounts_it() -> None:
    mounts = "          - {mountPath: /etc/conf, name: fluentbit-config}\n"
    (template,) = workers(first(run(service(mounts=mounts)).text)["spec"])
    assert {"fluentbit-config", "ray-fluentbit-config"} <= volumes(template).keys()


def test_ours_from_before_it_had_a_configuration_of_its_own_is_moved() -> None:
    now = run(minimal()).text
    assert run(now.replace("ray-fluentbit-config", "fluentbit-config")).text == now


def test_in_flow_style_it_is_replaced_too() -> None:
    flow = (
        "        - {name: fluentbit, image: fluent/fluent-bit:3.2.2, volumeMounts: [{mountPath: /tmp/ray, "
        "name: ray-logs}, {mountPath: /fluent-bit/etc/fluent-bit.conf, subPath: fluent-bit.conf, "
        "name: fluentbit-config}]}   # guide\n"
    )
    done = run(service(flow))
    (template,) = workers(first(done.text)["spec"])
    assert container(template, "fluentbit")["image"] == IMAGE
    assert "}   # guide\n" in done.text


@pytest.mark.parametrize(
    ("cut", "put"),
    [
        ("fluent/fluent-bit:3.2.2", "example.com/shipper:1"),
        ("subPath: fluent-bit.conf", "subPath: other.conf"),
        ("          env:\n", "          args: [-v]\n          env:\n"),
        ("- name: POD_LABELS", "- name: TOKEN"),
    ],
)
def test_one_that_does_something_else_is_refused(cut: str, put: str) -> None:
    with pytest.raises(InputError, match="found a container 'fluentbit' of another make"):
        run(service(SIDECAR.replace(cut, put)))


def test_one_that_an_anchor_shares_is_refused() -> None:
    text = service(SIDECAR.replace("          resources:\n", "          resources: &size\n"))
    shared = text.replace("# pinned\n", "# pinned\n          x: {a: b}\n") + "  x: *size\n"
    with pytest.raises(InputError, match="found '&size'"):
        run(shared)
