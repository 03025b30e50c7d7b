"""Lets ``python -m generator.docs`` write what is made from schemas, data and the registry of checks."""

import sys

from generator.docs import (
    causes_page,
    checks_page,
    overlays_page,
    profile_page,
    support_page,
    tour_page,
    values_page,
    workloads_page,
)
from generator.docs.writing import write_pages
from generator.errors import InputError

try:
    checks_page.write()
    causes_page.write()
    overlays_page.write()
    for page in (values_page, workloads_page, profile_page, support_page, tour_page):
        write_pages(page.pages())
except InputError as error:
    sys.stderr.writelines(f"error: {problem}\n" for problem in error.problems)
    sys.exit(error.exit_code)
