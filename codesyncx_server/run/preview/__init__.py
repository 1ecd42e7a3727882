"""Previews: what a run serves on a port, shown in browsers at an origin of its own."""
