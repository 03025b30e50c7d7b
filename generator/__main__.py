"""Lets ``python -m generator`` stand in for ``gen-chart``."""

from generator.cli import console

if __name__ == "__main__":
    console()
