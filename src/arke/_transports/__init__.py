"""Floor 4: transports, the seam between a client and whatever answers."""
