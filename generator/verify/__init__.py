"""Holds every PromQL expression against the catalogue of what exporters emit; checks/ has the checks."""
