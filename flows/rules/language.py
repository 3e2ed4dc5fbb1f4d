"""Which of its two languages a text is written in."""

# ruff: noqa: SIM905 — word tables read better as running text than as quoted lists.

from typing import Literal

from flows.rules.loose import LONGEST
from flows.rules.text import clean, fold, words

Language = Literal["uk", "ru"]

_UK_LETTERS, _RU_LETTERS = frozenset("іїєґ"), frozenset("ыэъё")
_UK_WORDS = frozenset(
    """
    так ні що як чи де коли скільки будь ласка дякую мені мене тебе вас цей ця це та але або бо щоб який яка яке які
    добрий день вечір ранок вітаю привіт хочу треба потрібно можна зараз дуже гарно розмір колір сукня сукню спідниця
    замовлення замовити доставка пошта пошти відділення гроші купити куди звідки ще вже лише тільки дайте беру гаразд
    чекаю краще такий така таке такі взагалі нічого більше менше тоді ось зрозуміло розміри кольори відправте
    відправили відправите надішліть покажіть скажіть мій моя моє гарна гарний чорна чорний чорну біла білу червона
    червону наявності наявність ціна коштує мабуть зі із від про
    """.split()
)
_RU_WORDS = frozenset(
    """
    да нет что как ли где когда сколько пожалуйста спасибо мне меня тебя этот эта это и но или чтобы какой какая какие
    добрый вечер утро здравствуйте привет хочу надо нужно можно сейчас очень красиво размер цвет платье юбка заказ
    заказать почта почты отделение деньги купить куда откуда еще уже только хотела хотел есть хорошо жду ждем лучше
    такой такая такие есть всё вообще ничего больше меньше тогда вот понятно понял поняла размеры цвета отправьте
    отправили отправите пришлите покажите скажите мой моя моё черная черный черную белая белую красная красную наличии
    цена стоит наверное из от про беру две
    """.split()
)


def language_of(text: str, default: Language = "uk") -> Language:
    """The language the text speaks; the default where nothing tells, as in «ок» or «40»."""
    cleaned = clean(text[:LONGEST]).casefold()
    tokens = words(fold(cleaned))
    letters = sum(sign in _UK_LETTERS for sign in cleaned) - sum(sign in _RU_LETTERS for sign in cleaned)
    told = sum(word in _UK_WORDS for word in tokens) - sum(word in _RU_WORDS for word in tokens)
    weight = 2 * letters + told
    if weight == 0:
        return default
    return "uk" if weight > 0 else "ru"
