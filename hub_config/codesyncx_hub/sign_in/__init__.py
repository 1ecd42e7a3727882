"""How people sign in to the Hub: by a code sent to their address, or with a provider's account.

`configure` is what a Hub's configuration imports; the rest can be read without it.
"""
