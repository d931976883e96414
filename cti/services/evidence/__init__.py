"""What Asterisk itself wrote down of its calls, read where the AMI link could not tell us."""
