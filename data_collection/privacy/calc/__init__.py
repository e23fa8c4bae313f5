"""Pure: finding a person's texts in others, and taking them out."""
