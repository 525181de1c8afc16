"""The mode of a host: open, or isolated from everything that is not the site."""
