"""One phase onto the grid of another: rigid, then deformable where that makes them more alike."""
