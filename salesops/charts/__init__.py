"""Pictures of results: Plotly figures as plain dicts, and small SVG made on the server."""
