"""What an estimator costs that is served itself, measured on this machine."""
