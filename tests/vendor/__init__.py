"""The tests of generator.vendor."""
