"""Documents that are made from the catalogue and the command line, so that they cannot disagree with them."""
