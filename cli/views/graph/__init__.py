"""A plan's graph in, a picture out."""
