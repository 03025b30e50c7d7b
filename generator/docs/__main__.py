"""Lets ``python -m generator.docs`` write the pages of docs/ that are made."""

from generator.docs.values_page import write

write()
