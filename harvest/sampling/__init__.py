"""What is reviewed next: pure functions."""
