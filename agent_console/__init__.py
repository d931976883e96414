"""What agents and supervisors see: REST, pushes and pages."""
