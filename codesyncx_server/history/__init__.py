"""Versions of a document: who wrote what, and when."""
