"""A clothes shop's sales assistant: from a wish or a photo to a paid order."""
