"""A real browser at a site: Debian's Chromium in the users' zone, driven through the pages that people see."""
