"""The systems we ask, each a small protocol with its real thing and its scripted fake side by side."""
