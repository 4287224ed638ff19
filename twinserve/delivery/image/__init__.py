"""The service's image: built, checked, pushed."""
