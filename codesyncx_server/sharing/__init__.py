"""Sharing over HTTP: grants, invite links, the audit log."""
