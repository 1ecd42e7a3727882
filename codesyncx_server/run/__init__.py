"""Runs in the project: who may start and watch them, and the way from a file to its sandbox."""
