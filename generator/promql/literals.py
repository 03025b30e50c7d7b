"""How a text in quotes is written in PromQL."""

STRING = r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`"""
"""A regular expression, for ``re.DOTALL``. Backquotes have no escapes (prometheus v3.14.0 promql/parser/lex.go)."""
