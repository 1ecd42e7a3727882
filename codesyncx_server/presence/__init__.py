"""Who is where: what of it the server must vouch for."""
