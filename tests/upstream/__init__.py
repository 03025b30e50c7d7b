"""The tests of generator.upstream."""
