"""Lets ``python -m generator`` stand in for ``gen-chart``."""

from generator.cli import main

if __name__ == "__main__":
    main()
