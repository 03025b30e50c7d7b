"""Servers of the Model Context Protocol, through which an agent reads the stack."""
