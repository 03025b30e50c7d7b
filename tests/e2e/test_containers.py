"""How a container's command becomes a process' words."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.containers import Image, Mount, command, expand, image_for, script

OPERATOR = Image(Path("/cache/operator"), "/bin/operator")
PYTHON = Image(Path("/cache/python.sh"), "/usr/local/bin/python", ("cluster.bootstrap",))


def test_variables_are_replaced_as_kubernetes_does() -> None:
    found = expand("$(HOST_IP):9100 $(UNKNOWN) $$(HOST_IP) $HOST_IP", {"HOST_IP": "10.0.0.1"})
    assert found == "10.0.0.1:9100 $(UNKNOWN) $(HOST_IP) $HOST_IP"


def test_without_a_command_the_image_s_program_runs() -> None:
    assert command({"args": ["--a=$(B)"]}, OPERATOR, {"B": "1"}) == ["/bin/operator", "--a=1"]
    assert command({"command": ["/bin/other"]}, OPERATOR, {}) == ["/bin/other"]


def test_an_image_is_found_without_its_tag_and_digest() -> None:
    table = {"registry.example:5000/a/operator": OPERATOR}
    for suffix in ("", ":v1", "@sha256:" + "0" * 64, ":v1@sha256:" + "0" * 64):
        assert image_for({"image": f"registry.example:5000/a/operator{suffix}"}, table) is OPERATOR
    assert image_for({"image": "registry.example:5000/a/other:v1"}, table) is None


def test_a_program_stands_only_for_the_commands_that_it_runs() -> None:
    """The sidecar image runs our programs in Jobs, and its own program in Grafana's pod."""
    table = {"sidecar": PYTHON}
    assert image_for({"image": "sidecar:2", "command": ["python", "-m", "cluster.bootstrap"]}, table) is PYTHON
    assert image_for({"image": "sidecar:2", "command": ["python", "-m", "cluster.setup"]}, table) is None
    assert image_for({"image": "sidecar:2"}, table) is None


def test_volumes_are_mounted_outside_in() -> None:
    """/etc/config before /etc/config/secret, else the first hides the second."""
    mounts = [Mount(Path("/v/secret"), "/etc/config/secret", read_only=True), Mount(Path("/v/config"), "/etc/config")]
    text = script(
        folder=Path("/c"),
        image=OPERATOR,
        mounts=mounts,
        see=[],
        words=["/bin/operator", "it's"],
        environment={"A": "b c"},
        user=(65534, 65534),
        workdir="/",
        read_only=True,
        hosts="10.96.0.7 it's\n",
    )
    lines = text.splitlines()
    places = (("config", "config"), ("secret", "config/secret"))
    order = [lines.index(f"mount --rbind /v/{name} /c/root/etc/{path}") for name, path in places]
    assert order == sorted(order)
    assert "mount -o remount,bind,ro /c/root/etc/config/secret" in lines
    assert lines.index("mount -o remount,ro /c/root") > order[1]
    assert "10.96.0.7 it" in text
    assert lines.index("rm -f /c/root/etc/hosts") < lines.index("mount -o remount,ro /c/root")
    assert lines[-1].startswith("exec chroot /c/root setpriv --reuid 65534 --regid 65534 ")
