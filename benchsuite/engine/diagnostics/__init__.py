"""What a run tells about itself: failures, observers, layers, costs, and the guard over global state."""
