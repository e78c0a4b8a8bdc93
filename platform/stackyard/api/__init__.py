"""The REST contract: one file a resource, every route on one page."""
