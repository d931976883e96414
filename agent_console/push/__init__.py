"""Live pushes to browsers."""
