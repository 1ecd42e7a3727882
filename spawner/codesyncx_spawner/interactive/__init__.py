"""Kernels and terminals in sandboxes: what goes on until somebody ends it."""
