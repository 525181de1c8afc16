"""The reference pages and pictures of `docs/`, made from the flow catalogue and from the code."""
