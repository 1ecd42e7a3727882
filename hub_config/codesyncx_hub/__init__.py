"""CodeSyncX on JupyterHub: how people sign in, and which projects there are.

It knows who may do what and the event bus; nothing of documents, calls and sandboxes.
"""
