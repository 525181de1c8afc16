"""The isolation certificate: witnesses that cannot be blind unnoticed, a chain of their raw words, a signature."""
