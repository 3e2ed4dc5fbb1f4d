"""Pure rules of turn-taking. They are replayed: they take `now` and never ask for it."""
