"""The page to try the model: one file, made from the card when a bundle is."""
