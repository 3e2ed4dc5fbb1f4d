"""Every keyword, detector and validator, exactly once: pure functions over cleaned text."""
