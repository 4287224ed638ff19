"""From params.yaml to the two bundles, and the checks of them."""
