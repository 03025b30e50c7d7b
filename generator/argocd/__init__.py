"""ArgoCD's view of the chart: Applications by concern, the project that bounds them, a set for many clusters."""

from generator.argocd.building import for_many, for_one, plain
from generator.argocd.clusters import Cluster, parse_clusters, read_clusters
from generator.argocd.concerns import Concern, concerns
from generator.argocd.settings import PLAIN_RELEASE, Options, Settings, Source, settings
from generator.argocd.tree import SIGNATURE, command

__all__ = [
    "PLAIN_RELEASE",
    "SIGNATURE",
    "Cluster",
    "Concern",
    "Options",
    "Settings",
    "Source",
    "command",
    "concerns",
    "for_many",
    "for_one",
    "parse_clusters",
    "plain",
    "read_clusters",
    "settings",
]
