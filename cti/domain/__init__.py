"""The call centre itself: values and rules. Knows no I/O, no clock of its own and no other package of ours."""
