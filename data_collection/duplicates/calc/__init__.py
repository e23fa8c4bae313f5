"""Pure comparing of companies and people: texts in, keys and scores out."""
