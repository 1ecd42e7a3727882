"""Project chat on jupyterlab-chat."""
