"""A project's server under a JupyterHub: who is in the project is the projects service's word."""
