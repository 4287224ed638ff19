"""An HTTP client that costs little, and the load that it makes."""
