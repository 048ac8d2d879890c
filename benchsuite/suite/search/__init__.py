"""Search spaces, and the trials that are proposed in them."""
