"""One folder a vendor; the registry names them."""
