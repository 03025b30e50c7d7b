"""Holds every PromQL expression against the catalogue of what exporters emit; checks/ has the checks."""

from __future__ import annotations

from generator.verify.locate import located
from generator.verify.prepare import Prepared, prepare
from generator.verify.render import as_data, as_text, failed, subject
from generator.verify.scope import dashboard_scope
from generator.verify.spec import Exemption, Finding, Scope
from generator.verify.verifier import check, verify

__all__ = [
    "Exemption",
    "Finding",
    "Prepared",
    "Scope",
    "as_data",
    "as_text",
    "check",
    "dashboard_scope",
    "failed",
    "located",
    "prepare",
    "subject",
    "verify",
]
