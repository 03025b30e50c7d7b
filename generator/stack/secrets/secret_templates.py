"""The templates and values of what makes, renews and rotates the Secrets (docs/secrets.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.files.templating import render
from generator.stack.images.values import own_image
from generator.stack.opensearch import component as opensearch
from generator.stack.opensearch_exporter import exporter
from generator.stack.secrets.names import ADMIN_NAME, NODE_NAME, SECRETS, secret_name

if TYPE_CHECKING:
    from generator.choices.pins import Pins
    from generator.choices.profiles import Profile
    from generator.files.tree import Chart

_TEMPLATES = ("_secrets.tpl", "secrets/bootstrap.yaml", "secrets/certificates.yaml", "secrets/maintenance.yaml")


def secret_templates(profile: Profile, header: str) -> Chart:
    """Gives the templates; the names of Secrets that the profile gives are written into them.

    The values of upstream charts name the same Secrets, so a name could not be changed at install time alone.
    """
    existing = profile.choices["secrets"]["existing"]
    known = {
        key: {
            "key": key,
            "name": secret_name(profile, key),
            "existing": "true" if existing[key] else "false",
            "username": secret.username,
            "user_key": secret.user_key,
            "password_key": secret.password_key,
        }
        for key, secret in SECRETS.items()
    }
    return {
        f"templates/{path}": render(
            f"stack/secrets/templates/{path.removeprefix('secrets/')}",
            header=header,
            secrets=known,
            node_name=NODE_NAME,
            admin_name=ADMIN_NAME,
            service=opensearch.SERVICE,
            opensearch_url=opensearch.URL,
            exporter=exporter.NAME,
        )
        for path in _TEMPLATES
    }


def secret_values(profile: Profile, pins: Pins) -> dict[str, Any]:
    """Gives the defaults of the chart's values below ``secrets``.

    Raises:
        InputError: the image is not pinned, or the profile's digests are not its own.
    """
    return {
        "bootstrap": True,
        "certManager": {"enabled": False, "issuer": None},
        "job": {
            "image": own_image(profile, pins, pins.image("k8s-sidecar")),
            "imagePullSecrets": [],
            "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
            "nodeSelector": {},
            "tolerations": [],
            "podLabels": {},
            "podAnnotations": {},
        },
        "renewal": {"schedule": "17 3 * * 1"},
    }
