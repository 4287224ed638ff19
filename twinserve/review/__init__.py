"""The changes of a pull request, for its reviewer: collected untrusted, checked, posted."""
