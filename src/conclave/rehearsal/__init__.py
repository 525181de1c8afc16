"""Rehearsals: what people in difficult networks meet at a site, tried before they do."""
