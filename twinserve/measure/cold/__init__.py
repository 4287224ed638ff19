"""Cold starts: asked for, proven, taken apart."""
