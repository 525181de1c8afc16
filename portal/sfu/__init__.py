"""The SFU's moderation interface, which only the portal calls: its client, and what the portal does in rooms."""
