"""``gen-chart instrument``: adds to Ray manifests what log and metric collection needs, and changes nothing else."""

from generator.instrument.files import ManifestFile, read_source, write_in_place
from generator.instrument.instrumenting import Change, Instrumented, Options, instrument

__all__ = [
    "Change",
    "Instrumented",
    "ManifestFile",
    "Options",
    "instrument",
    "read_source",
    "write_in_place",
]
