"""The demo company as arithmetic: a seed, a size and a last day in, frames of the importers' tables out."""
