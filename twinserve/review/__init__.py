"""What a pull request changes, for its reviewer: collected untrusted, checked, rendered, posted."""
