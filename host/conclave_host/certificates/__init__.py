"""The host's TLS certificate: asked for, issued by the site's authority, handed to the services that use it."""
