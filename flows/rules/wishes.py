"""What a customer may want at any step: a person, to cancel, to start over, to change an answer."""

# ruff: noqa: SIM905 — word tables read better as running text than as quoted lists.

import re
from enum import StrEnum

from flows.rules import colours, garments
from flows.rules.loose import loosen, one_of, said, shape
from flows.rules.text import fold, words


class Wish(StrEnum):
    """A wish that ends the dialog as it is."""

    PERSON = "person"
    CANCEL = "cancel"
    START_OVER = "start_over"


_LONGEST_WISH = 400
_PERSON_NOUN = re.compile(
    r"\b(?:оператор\w*|менеджер\w*|консультант\w*|администратор\w*|сотрудник\w*|специалист\w*|диспетчер\w*|operator"
    r"|manager|human|жив(?:ой|ого|ым|ому)(?: человек\w*)?|человек(?:а|ом|у)?|person|someone)\b"
)
_KYRGYZ_PERSON = re.compile(r"\bадам(?:ды|га)? (?:менен|керек|чакыр\w*|кошу\w*|барбы)\b")
"""«Адам» alone is more often a name."""
_PERSON_VERB = re.compile(
    r"\b(?:позов\w+|позвать|соедин\w+|переключ\w+|свяж\w+|связать\w*|дай\w*|хочу|хотел\w*|нужен|нужна|нужно|надо"
    r"|можно|поговорить|пообщаться|переведи\w*|переведите|пригласи\w*|подключи\w*|пусть|please|want|need|talk|speak"
    r"|call|менен|керек|чакыр\w*)\b"
)
_CALL_BACK = re.compile(r"\b(?:(?<!не )перезвоните|наберите меня|not a bot|не бот\w*)\b")
_CALL_ME = re.compile(r"\b(?:звоните мне|позвоните(?: мне)?(?: пожалуйста)?$|call me)\b")
_CALL_THE_COURIER_MAKES = re.compile(
    r"\bне (?:по)?звоните\b|\d(?:\W?\d){4}|\b(?:перед|до|по) (?:приезд|достав|выезд|прибыти)|\bзаранее\b|\bbefore\b"
    r"|\bза (?:пол ?часа|час|\d+ ?мин|\w+ минут)|\bwhen (?:\w+ )?(?:arriv|com|deliver)"
    r"|\b(?:когда|как|если)(?: \w+){0,2} (?:приед|подъед|привез|будете|выед)"
)
"""«Звоните мне на 0555…» gives a number, «да, перед приездом позвоните» a wish for the delivery."""
_NOT_A_WISH = re.compile(
    r"\b(?:спрос\w+|без|не надо|не нужен|не нужно|не зови\w*|вы|ты|для|на|у нас|нас|остав(?:ь|ьте|ить) (?:\w+ )?у)\b"
)
_CANCEL = re.compile(
    r"\b(?:отмен(?:а|ить|ите|и|яю|яем|яйте|им)|отменя\w+|передумал[аи]?|отбой|cancel|стоп|stop|жокко чыгар\w*"
    r"|керек эмес|айныдым|(?:я )?не (?:буду|хочу|будем|хотим) (?:(?:ничего|больше|уже) )?(?:заказ\w*|воду|воды"
    r"|оформля\w*)|аннулир\w+|отказ\w*)\b"
)
_CANCEL_WHOLE = re.compile(
    r"(?:нет|все|ой|да)?\W*(?:мне |нам |уже |больше |ничего |пока |вода |воды |воду |заказ )*(?:не надо|не нужно"
    r"|не нужна|не хочу|не хотим|забудьте|quit|exit)(?: ничего| уже| воды| вода| заказ| спасибо| больше| пока|\W)*"
)
_NOT_CANCEL = re.compile(r"\b(?:не (?:надо )?отмен\w+|не стоп|стоп линия)\b")
_NOTHING_MORE = re.compile(
    r"\b(?:больше ничего|ничего больше)\b|^да\W+(?:не (?:надо|нужно) больше|больше не (?:надо|нужно))\b"
)
"""«Больше ничего не надо» ends the asking, not the order."""
_START_OVER = re.compile(
    r"\b(?:заново|(?:начать|начн\w+|начни\w*|давай\w*|все|опять|снова) (?:с ?начала|по новой)|с самого начала"
    r"|по новой|сброс\w*|restart|start over|start again|reset|башынан|кайра башта\w*|новый заказ|другой заказ)\b"
)
_START_OVER_WHOLE = re.compile(r"\W*(?:с ?начала|начать|start|старт|меню|menu)\W*")

_SLOT_WORDS = (
    (
        "address",
        re.compile(r"\b(?:адрес\w*|улиц\w+|номер\w* (?:дом\w*|квартир\w*)|address|дарег\w*|дом|квартир[ауы])\b"),
    ),
    ("phone", re.compile(r"\b(?:телефон\w*|тел|(?<!заказ )(?<!заказа )номер\w*(?! заказ)|сотов\w+|phone|number)\b")),
    ("bottles", re.compile(r"\b(?:бут[а-я]{2,9}|баклаж\w+|количеств\w*|кол-во|штук\w*|bottles?|amount|санын?)\b")),
)
_CHANGE = re.compile(
    r"\b(?:друг(?:ой|ая|ое|ие|ого|ую)|неправ\w+|неверн\w+|не (?:тот|та|то|те|такой|правильн\w+|верн\w+|столько|сюда)"
    r"|помен\w+|менять|измен\w+|исправ\w+|ошиб\w+|замен\w+|смен\w+|перепут\w+|поправ\w+|попутал\w*|опечат\w+|вместо"
    r"|башка|туура эмес|wrong|change|different|new|нов(?:ый|ая|ое)|стар(?:ый|ая|ое)|ой|точнее|вернее|добав\w+"
    r"|уточн\w+)\b|\bне\b.{1,60}\bа\b"
)
_COURTESY = frozenset(
    """
    спасибо спс пасиб пасибо благодарю рахмат чоң большое огромное ок окей оки ok okay хорошо хорошего дня
    вечера доброго ладно понятно поняла понял ясно жду ждем ждём да ага угу до свидания пока всего удачи отлично
    супер класс здорово пожалуйста и вам вас тоже взаимно thanks thank you thx bye good great всё все очень
    приятно договорились принято рахматов жакшы макул ооба досвидания добро ну вот это вы мы я
    """.split()
)


_UKRAINIAN_PERSON = shape(
    "\\b"
    + one_of(
        """
        покличте поклич покликати кличте з'єднайте з'єднати зв'яжіть зв'язати зв'яжіться переключіть переведіть дайте
        дай хочу хотіла_б хотів_би хотілося_б потрібен потрібна потрібно треба можна поговорити поспілкуват~ запросіть
        підключіть нехай чекаю де
        """
    )
    + r"(?: \w+){0,4} (?:оператор|менеджер|консультант|адміністратор|співробітник|працівник|спеціаліст|продавц"
    r"|продавчин|людин(?:а|у|и|ою)\b|жив(?:ою|ого|у|им|ий) )\w*",
    r"^(?:будь ласка )?(?:оператор|менеджер|консультант|адміністратор|людин|жив\w{1,3} людин)\w{0,4}(?: будь ласка"
    r"| потріб\w+| треба)?$",
    r"\b(?:зателефонуйте|передзвоніть|перетелефонуйте|подзвоніть|наберіть)(?: \w+)?(?: мені| мене| будь ласка)?$",
    r"\bне (?:хочу |буду )?(?:говорити |розмовляти |спілкуватис\w |писати )?(?:з |із )?(?:бот|робот)\w*",
    r"^(?:\w+ )?жив(?:а|ої|у|ій) людин\w*(?: \w+){0,2}$",
)
_NOT_A_PERSON = shape(
    r"^(?:а )?(?:ви|ти|це) (?:\w+ )?(?:оператор|менеджер|консультант|людина|бот)",
    r"\b(?:спитайте|запитайте|без|не треба|не потріб\w+|не клич\w*|не потрібно|кур'єр\w*|не дзвоніть"
    r"|на \w+ людин\w*) ?",
    r"\b(?:для|на|фото|відео)(?: \w+){0,2} людин",
)
_UKRAINIAN_START = shape(
    r"^(?:(?:давайте|давай|почати|почнемо|почнімо|почніть|все|знову|хочу|ще раз) ){0,3}(?:спочатку|з початку"
    r"|з самого початку|заново|по новій|з нуля)(?: будь ласка| почати| почнемо)?$",
    r"\b(?:нове|інше) замовлення\b|^(?:меню|почати|початок)$|\b(?:почати|почнемо|почнімо"
    r"|почніть) (?:\w+ )?(?:спочатку|заново|з початку)\b",
)
_UKRAINIAN_CANCEL = shape(
    "\\b"
    + one_of(
        """
        скасуйте скасувати скасуй скасую скасовую скасуємо відміна відмініть відмінити відміняю відміняємо відміняйте
        анулюйте анулювати передумав передумала передумали відбій відмовляюсь відмовляюся
        """
    )
    + "\\b",
    r"\b(?:я )?не (?:буду|хочу|будемо|хочемо) (?:(?:нічого|більше|вже|уже) )?(?:замовл\w*|брати|оформл\w*|купувати)\b",
    r"\b(?:уже|вже) (?:\w+ )?не (?:треба|нада|потрібн\w|надо|нужн\w|хочу)\b",
    r"\b(?:видаліть|приберіть|анулюйте|удалите|уберите) (?:\w+ )?(?:замовлення|заказ)\b",
    r"\b(?:замовлення|заказ) (?:\w+ )?не (?:треба|потрібн\w|надо|нужен|хочу)\b|^забудьте\b",
)
_NOT_CANCELLED = shape(
    r"\bне (?:треба )?(?:скас|відмін)\w*",
    r"\b(?:як|чи|якщо|чому|хто|коли)\b",
)
_NOT_THE_ORDER = shape(
    r"\b(?:розсил|рассыл|підписк|подписк)\w*",
    rf"\b(?:скас|відмін|отмен)\w* (?:ц[юі]|эту|эти|ту|перв\w+|перш\w+|друг\w+|втор\w+|трет\w+|останн\w+|последн\w+"
    rf"|{colours.WORD}|{garments.WORD})\b",
    r"\b(?:більше нічого|нічого більше|больше ничего|ничего больше)\b",
    r"^(?:(?:ні|нет|все|ой|мені|мне|нам|спасибо|дякую|нічого|ничего|поки|пока|більше|больше) ){0,4}не (?:треба|нада"
    r"|надо|нужно|нужна|потрібно|хочу|хотим)(?: (?:дякую|спасибо|нічого|ничего|поки|пока|більше|больше)){0,3}$",
)
"""In a shop a bare «не надо» refuses what was offered, and «больше ничего» ends the choosing; the order stands."""
_TAKEN_BACK = {Wish.PERSON: _NOT_A_PERSON, Wish.CANCEL: _NOT_THE_ORDER}
"""What a wish heard in Russian is no wish beside."""
_UKRAINIAN_COURTESY = _COURTESY | frozenset(
    """
    дякую дякуємо дяка дяки щиро спасибі вдячна вдячний велике великий добре гаразд гарного дня вечора доброго
    зрозуміло зрозуміла зрозумів ясно чекаю чекаємо так угу побачення до поки бувайте всього чудово супер клас
    круто прошу і й вам вас теж також навзаєм домовились домовилися прийнято ну це ви ми я зрозуміла зрозумів класно
    """.split()
)
_UKRAINIAN_CHANGE = shape(
    "\\b"
    + one_of(
        """
        інший інша інше інші іншу іншого неправильн~ невірн~ не_той не_та не_те не_ті не_так~ не_правильн~ не_вірн~
        не_туди поміня~ змін~ виправ~ помил~ замін~ переплут~ замість точніше вірніше додати новий нова нове стар~
        одрук~ уточн~
        """
    )
    + "\\b"
)


_NEW_POST = re.compile(r"\bнов\w{1,3}[ -](?:пошт|почт)\w{1,2}")
"""A carrier, nothing new."""


def find_wish(text: str, language: str = "ru") -> Wish | None:
    """The wish in a cleaned text; a long story is not searched beyond its first lines.

    With "uk", Ukrainian counts beside Russian.
    """
    wish = _find_russian(text)
    if language != "uk":
        return wish
    if wish in _TAKEN_BACK and said(text[:_LONGEST_WISH], _TAKEN_BACK[wish], asked=True):
        return None
    return wish or _find_ukrainian(text[:_LONGEST_WISH])


def _find_ukrainian(text: str) -> Wish | None:
    if said(text, _UKRAINIAN_PERSON, _NOT_A_PERSON, asked=True):
        return Wish.PERSON
    if said(text, _UKRAINIAN_START):
        return Wish.START_OVER
    cancels = said(text, _UKRAINIAN_CANCEL, _NOT_CANCELLED) and not said(text, _NOT_THE_ORDER, asked=True)
    return Wish.CANCEL if cancels else None


def _find_russian(text: str) -> Wish | None:
    folded = fold(text[:_LONGEST_WISH])
    if _wants_person(folded):
        return Wish.PERSON
    if _START_OVER.search(folded) or _START_OVER_WHOLE.fullmatch(folded):
        return Wish.START_OVER
    if _NOT_CANCEL.search(folded):
        return None
    wanted = _CANCEL_WHOLE.fullmatch(folded) and not _NOTHING_MORE.search(folded)
    if wanted or (_CANCEL.search(folded) and len(words(folded)) <= 12):
        return Wish.CANCEL
    return None


def _wants_person(folded: str) -> bool:
    """A person named alone, or named with a verb of asking; not «вы менеджер?», not «спросить менеджера»."""
    if _CALL_BACK.search(folded) or (_CALL_ME.search(folded) and not _CALL_THE_COURIER_MAKES.search(folded)):
        return True
    for line in folded.splitlines():
        if _KYRGYZ_PERSON.search(line):
            return True
        if _PERSON_NOUN.search(line) and not _NOT_A_WISH.search(line):
            short = len(words(line)) <= 3 and not any(sign.isdigit() for sign in line)
            if short or _PERSON_VERB.search(line):
                return True
    return False


def named_slot(text: str) -> str:
    """The slot a cleaned text speaks of: "address", "phone", "bottles" or none of them ("")."""
    folded = fold(text[:_LONGEST_WISH])
    return next((slot for slot, shape in _SLOT_WORDS if shape.search(folded)), "")


def wants_change(text: str, language: str = "ru") -> bool:
    """Whether the customer says that something told before is wrong; with "uk", in Ukrainian too."""
    folded = fold(text[:_LONGEST_WISH])
    if language == "uk":
        folded = _NEW_POST.sub(" ", folded)
        if _UKRAINIAN_CHANGE.search(loosen(folded)):
            return True
    return _CHANGE.search(folded) is not None


def without_change(text: str) -> str:
    """What a customer says beside calling something wrong, and beside naming it."""
    folded = fold(text[:_LONGEST_WISH])
    for said_of_it in (_CHANGE, *(named for _, named in _SLOT_WORDS)):
        folded = said_of_it.sub(" ", folded)
    return folded.strip()


def is_courtesy(text: str, language: str = "ru") -> bool:
    """Whether nothing but thanks, "ok" and goodbyes (or signs without words) was said; with "uk", in Ukrainian too."""
    known = _UKRAINIAN_COURTESY if language == "uk" else _COURTESY
    return all(word in known for word in words(text[:_LONGEST_WISH])) and len(text) < _LONGEST_WISH
