"""Finding texts of shops by what customers write, in Ukrainian, Russian and their mixture."""
