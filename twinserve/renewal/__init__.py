"""Fresh packages, Python, tools and rows, each as one commit that has passed before it is made."""
