"""What the rules need: a component under test, components beside it, small runs, and checks in a child process."""
