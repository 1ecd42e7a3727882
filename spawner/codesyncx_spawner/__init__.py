"""Where people's code runs: sandboxes with limits, the queue before them, and what comes out.

It knows who may do what, and nothing of documents: files come in as a snapshot.
"""
