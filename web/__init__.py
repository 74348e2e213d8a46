"""What clients and browsers see."""
