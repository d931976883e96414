"""The call centre at work: one verb a file."""
