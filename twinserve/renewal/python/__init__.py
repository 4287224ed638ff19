"""Another Python: in builds, images, the function's runtime and every lock, at once."""
