"""What arrives: endpoint, intake, processing, one handler per activity."""
