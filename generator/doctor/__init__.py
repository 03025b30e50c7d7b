"""Looks at a running cluster and says why a panel is empty: facts are read, causes are functions of them."""
