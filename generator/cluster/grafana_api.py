"""Changes the password of Grafana's administrator, which Grafana keeps in its own database after its first start."""

from __future__ import annotations

import requests

from .program import Failure

_TIMEOUT = (5.0, 30.0)
"""Seconds to connect and to wait for an answer."""


def change_password(url: str, username: str, old: str, new: str) -> None:
    """Sets a user's password (Grafana's HTTP API, ``PUT /api/user/password``); done already is done too.

    Raises:
        Failure: Grafana cannot be reached, or takes neither password.
    """
    with requests.Session() as session:
        session.trust_env = False  # a .netrc would replace the login, a proxy see it
        body = {"oldPassword": old, "newPassword": new, "confirmNew": new}
        try:
            answer = session.put(
                f"{url}/api/user/password", json=body, auth=(username, old), timeout=_TIMEOUT, allow_redirects=False
            )
            if answer.status_code == requests.codes.unauthorized:
                answer = session.get(f"{url}/api/user", auth=(username, new), timeout=_TIMEOUT, allow_redirects=False)
        except requests.RequestException as error:
            raise Failure(f"Grafana at {url} cannot be reached: {type(error).__name__}") from None
    if answer.status_code == requests.codes.unauthorized:
        raise Failure(f"Grafana takes neither the old nor the new password of '{username}'; it was changed in Grafana")
    if answer.status_code != requests.codes.ok:
        raise Failure(f"Grafana would not change the password of '{username}': {answer.status_code} {answer.reason}")
