"""The lobby: who waits, who is let in, and what organisers do with those who are in."""
