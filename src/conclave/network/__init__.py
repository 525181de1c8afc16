"""What a network team is given: who may speak with whom in its own addresses, as documents and as configuration."""
