"""What the menu does for a caller."""
