"""Django's backend for PostgreSQL, whose pool survives a server that starts anew."""
