"""Measures of the whole gateway, from outside: `python -m bench`. Asserts nothing."""
