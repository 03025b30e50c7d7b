"""The Secrets: their names, and what makes, renews and rotates them."""
