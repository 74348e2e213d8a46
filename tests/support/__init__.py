"""What tests share: factories, a clock, whole nodes on loopback, foreign peers."""
