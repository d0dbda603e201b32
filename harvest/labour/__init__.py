"""What reading costs, and what the machine saves: pure functions over seconds."""
