"""Fresh rows: where they come from, what they may not change, which model is better on them."""
