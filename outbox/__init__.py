"""What leaves: publish, then fan out, then deliver."""
