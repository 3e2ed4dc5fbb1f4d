"""The console's drawings: thin lines, drawn by the page itself, so nothing is fetched for them."""

from markupsafe import Markup

_PATHS = {
    "inbox": "M4 13h4l1.5 3h5L16 13h4M5.5 5h13L21 13v5a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-5z",
    "payments": "M3 7a2 2 0 0 1 2-2h14a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2zM3 10h18M7 15h3",
    "orders": "M6 4h12l1 4v12H5V8zM5 8h14M9.5 12a2.5 2.5 0 0 0 5 0",
    "letters": "M3 6h18v12H3zM3 7l9 6 9-6",
    "texts": "M4 5h16v11H9l-5 4zM8 9h8M8 12h5",
    "accounts": "M4 20V9l8-5 8 5v11M9 20v-6h6v6",
    "people": "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M3 20c0-4 2.7-6 6-6s6 2 6 6"
    "M16 4.5a3.5 3.5 0 0 1 0 6.3M18 14c2 1 3 3 3 6",
    "audit": "M7 3h10v18H7zM10 8h4M10 12h4M10 16h2",
    "search": "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14M16 16l4.5 4.5",
    "back": "M15 5l-7 7 7 7",
    "details": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 11v5M12 8v.01",
    "picture": "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M9 9v.01",
    "file": "M7 3h7l4 4v14H7zM14 3v4h4",
}


def icon(name: str) -> Markup:
    """A drawing, hidden from those who listen to pages: words stand beside it."""
    return Markup('<svg viewBox="0 0 24 24" aria-hidden="true"><path d="{}"/></svg>').format(_PATHS[name])
