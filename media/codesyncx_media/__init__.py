"""Calls: a selective forwarding unit and its signalling, in a process of its own.

It forwards media and never decodes it. Imports nothing heavy.
"""
