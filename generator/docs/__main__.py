"""Lets ``python -m generator.docs`` write what is made from schemas, data and the registry of checks."""

from generator.docs import checks_page, values_page

values_page.write()
checks_page.write()
