"""What is put onto machines: the image, the compose files, the same topology by processes, and the load on it."""
