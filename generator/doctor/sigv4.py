"""Amazon's signature of requests (SigV4), by botocore, which is what AWS itself keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

_SERVICE = "aps"
"""Amazon Managed Service for Prometheus' name in a signature."""


def signer(region: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """Returns what signs a request with the credentials that the AWS command line would find.

    Raises:
        InputError: botocore is not installed, or there are no credentials.
    """
    try:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.session import Session
    except ImportError:
        hint = "pipx install 'gen-chart[aws]'"
        raise bad_input("needs botocore, which is not installed", file="--sigv4-region", hint=hint) from None
    credentials: Any = Session().get_credentials()
    if credentials is None:
        hint = "AWS_PROFILE or AWS_ACCESS_KEY_ID names them"
        raise bad_input("found no AWS credentials", file="--sigv4-region", hint=hint)

    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        asked = AWSRequest(request.method, request.url, data=request.body, headers={"Host": _host(request.url or "")})
        if request.body:
            asked.headers["Content-Type"] = request.headers["Content-Type"]
        SigV4Auth(credentials.get_frozen_credentials(), _SERVICE, region).add_auth(asked)
        request.headers.update(dict(asked.headers.items()))
        return request

    return sign


def _host(url: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(url).netloc.rpartition("@")[2]
