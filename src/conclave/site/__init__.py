"""A site: the operator's few answers, its hosts, and its secrets."""
