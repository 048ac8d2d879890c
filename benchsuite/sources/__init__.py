"""Where data and weights come from, and what is known about them. No torch, no pixels."""
