"""Works that a paper cites, set in IEEE style."""
