"""The AMI link, on panoramisk's seams."""
