"""Opens the language model the settings name, or none."""

from domain.language import Eyes
from providers.model.base import LanguageModel
from providers.model.patient import PatientModel
from providers.records.model_state import ModelStates
from providers.records.pool import Pool
from runtime.model_settings import load_model_settings
from runtime.settings import Settings


def open_model(settings: Settings, pool: Pool) -> PatientModel:
    """The model, asked with patience; without a key nobody answers, and every flow is told so. `close` it at the end.

    Raises:
        WrongSetting: a variable of the model has a value we cannot use.
    """
    names = {Eyes.TEXT: settings.anthropic_model, Eyes.VISION: settings.anthropic_vision_model}
    model = _real(settings, names) if settings.anthropic_api_key else None
    return PatientModel(model, names, load_model_settings(), ModelStates(pool))


def _real(settings: Settings, names: dict[Eyes, str]) -> LanguageModel:
    """The vendor's SDK takes a second or two to load: a house without a key does without it."""
    from providers.model.anthropic import AnthropicModel

    return AnthropicModel(settings.anthropic_api_key, names, settings.anthropic_base_url)
