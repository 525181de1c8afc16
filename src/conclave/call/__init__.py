"""The synthetic participant: the product's own measuring instrument for a meeting's media."""
