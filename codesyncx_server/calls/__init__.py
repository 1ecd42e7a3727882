"""Calls: who may be in them, and the media process that holds them."""
