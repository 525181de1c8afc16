"""Who saw what: each witness has words it says on the spot, and a reading of those words that anybody can repeat."""
