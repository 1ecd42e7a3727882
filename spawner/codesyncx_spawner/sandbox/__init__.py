"""Sandboxes: a file for each kind, and what holds for all of them."""
