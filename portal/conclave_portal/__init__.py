"""Configuration, settings and what all apps share."""
