"""Pure parts of an import: what a mapping says, how a file is read, which SQL turns text into values."""
