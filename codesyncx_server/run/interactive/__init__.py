"""Kernels and terminals in sandboxes, for those who aren't trusted with the server's own."""
