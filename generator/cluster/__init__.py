"""Programs that run in the cluster, from a ConfigMap: Python 3.12 or newer, ``requests`` and ``cryptography`` alone.

They are started as ``python -m cluster.NAME``, so modules of this package import one another relatively, and nothing
else of the generator.
"""
