"""What happens at each kind of step: one module for those that belong together, one function for each kind."""
