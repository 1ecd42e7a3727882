"""How people sign in to the Hub: by a code sent to their address, or with a provider's account."""
