"""Who embeds, as the settings say."""

import httpx

from providers.search.embedding import Embedder, OpenAIEmbedder
from runtime.search_settings import SearchSettings


def open_embedder(client: httpx.AsyncClient, settings: SearchSettings) -> Embedder | None:
    """The endpoint that is set, or nobody: then documents are found by their words alone."""
    if not settings.embedding_base_url:
        return None
    key = settings.embedding_api_key.get_secret_value()
    return OpenAIEmbedder(client, settings.embedding_base_url, settings.embedding_model, key)
