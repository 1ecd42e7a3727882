"""Runs carried out by workers, on this machine or others: a server tells them by Redis Streams."""
