"""What a user may write into `custom/`, one kind a folder: measured beside the plain service."""
