"""What every part of a paper shares: its material, the names of its cases, and quoted results."""
