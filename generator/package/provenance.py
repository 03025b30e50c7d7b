"""Helm's provenance file: Chart.yaml and the archive's sha256 under a PGP signature.

The form is that of Helm 3.17 and 4.3 (pkg/provenance/sign.go): the chart's metadata as YAML, a line ``...``, and the
sums of the files. `helm package --sign` would pack the chart again, with the time of day in it.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from generator.errors import bad_input
from generator.files import yamlfile

if TYPE_CHECKING:
    from collections.abc import Mapping


def provenance_text(metadata: Mapping[str, Any], archive: str, sha256: str) -> str:
    """Returns what is signed.

    Args:
        metadata: Chart.yaml as data.
        archive: the archive's name.
        sha256: its sha256, hexadecimal.
    """
    return f"{yamlfile.dump(dict(metadata))}\n...\n{yamlfile.dump({'files': {archive: f'sha256:{sha256}'}})}"


def sign(text: str, key: str) -> bytes:
    """Returns the text with a clear-text signature by GnuPG, which asks its agent for the passphrase.

    Args:
        text: what provenance_text gives.
        key: the key's fingerprint, number or address.

    Raises:
        InputError: there is no gpg, or it has no such secret key, or it refuses; with gpg's words.
    """
    program = shutil.which("gpg")
    if program is None:
        raise bad_input("found no gpg on PATH", file="--sign", hint="install GnuPG, or leave --sign out")
    command = [
        program,
        "--batch",
        "--yes",
        "--local-user",
        key,
        "--digest-algo",
        "SHA512",
        "--clear-sign",
        "--output",
        "-",
    ]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    if done.returncode:
        words = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise bad_input(
            f"gpg cannot sign: {words}", file=f"--sign {key}", hint="`gpg --list-secret-keys` shows the keys"
        )
    return done.stdout
