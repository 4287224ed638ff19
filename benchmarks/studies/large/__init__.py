"""Large forests under each runtime: made, loaded and asked, each in a process of its own."""
