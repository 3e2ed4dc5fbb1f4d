"""Whether a customer shows, or says, that they have paid."""

import re
from enum import StrEnum

from flows.rules.loose import LONGEST, Clause, clauses, one_of, shape


class PaymentProof(StrEnum):
    """How sure it is that a payment is being shown; only NONE is false."""

    SURE = "sure"
    """Payment is spoken of as done and something is shown: a picture or a link."""
    SUSPECTED = "suspected"
    """Only said, or only shown: a person or a question has to make it sure."""
    NONE = "none"

    def __bool__(self) -> bool:
        return self is not PaymentProof.NONE


_MONEY = one_of(
    """
    грош~ деньг~ денег кошт~ оплата оплату оплати оплаты предоплат~ передоплат~ сума суму сумму аванс завдаток~
    """
)
_TRANSFER = one_of(
    """
    оплат~ платіж~ платеж~ переказ~ перевод~ передоплат~ предоплат~ гроші деньги кошти транзакці~ транзакци~
    """
)
_SURE_RECEIPT = one_of(
    """
    чек чека чеки чеку чеком чек-то чеків чеков чечок квитанц~ квітанц~ квитанциі~ платіжка платіжку платежка платежку
    підтвердження_оплати підтвердження_платежу підтвердження_переказу підтвердження_про_оплату
    подтверждение_оплаты подтверждение_платежа подтверждение_перевода подтверждение_об_оплате платіжне_доручення
    """
)
_SCREENSHOT = one_of("скрін~ скрин~ скріншот~ скриншот~ скрншот~ скришот~ скрінчик~ сріншот~")
_WAS_SENT = r"(?:в|ла|л|ли|но|ено)"
_DONE = shape(
    r"\b(?:про|с|за|перед|пред)?о?плати(?:в|ла|л|ли|вши|лось)\b",
    r"\b(?:про|с|за|пред|перед)?о?плаче(?:но|на|не|ний|ная|ный|ное)\b|\b(?:про|с|за)?о?пл[ао]чено\b",
    rf"\b(?:переказа|перевела?|перевели|переведено|перевів|перевьол)(?:{_WAS_SENT})?\b",
    rf"\b(?:с|за|пере|под)?кину{_WAS_SENT}\b(?: \w+){{0,3}} (?:{_MONEY}|{_SURE_RECEIPT}|{_SCREENSHOT}|карт\w|рахунок"
    rf"|счет|\d{{2,6}}(?: ?грн| ?гривен\w)?)\b",
    rf"\b(?:{_MONEY})(?: \w+){{0,2}} (?:с|за|пере|под)?кину{_WAS_SENT}\b",
    rf"\b(?:відправи|отправи|надісла|присла|висла|высла|пересла|внес|внос|прикріпи|прикрепи|кида|скида)(?:{_WAS_SENT}"
    rf"|а|ю|ю вам)?\b"
    rf"(?: \w+){{0,2}} (?:{_MONEY}|{_SURE_RECEIPT}|{_SCREENSHOT})\b",
    rf"\b(?:зроби|сдела|здійсни|прове)(?:{_WAS_SENT})(?: \w+)? {_TRANSFER}\b",
    rf"\b{_TRANSFER}(?: \w+){{0,2}} (?:внес|зроби|сдела|відправи|отправи|надісла|здійсни|прове)(?:{_WAS_SENT})?\b",
    rf"\b{_TRANSFER}(?: вже| уже| успішно| успешно)? (?:пройш|прош|зроблен|сделан|відправлен|отправлен|здійснен|виконан"
    r"|выполнен|надіслан|прийш|готов|на карт|ось|вот|тут)\w*",
    r"^(?:я )?(?:вже|уже|все|щойно|тільки що|только что) (?:с|пере|за)?кину(?:в|ла|л)$",
    r"\b(?:гроші|деньги|кошти) (?:пішли|ушли|вже у вас|уже у вас)\b",
    r"\b(?:ось|вот|лови|ловіть|ловите|держи|держіть|держите|тримай|тримайте) (?:\w+ )?(?:оплата|оплату|платіж|платеж"
    r"|переказ|перевод)\b",
)
_SHOWS = shape(rf"\b{_SURE_RECEIPT}\b")
_SHOWS_A_SCREEN = shape(rf"\b{_SCREENSHOT}\b")
_BEGINS_DONE = shape(
    r"^(?:(?:я|вже|уже|все|щойно|ок|так|да) ){0,3}(?:(?:с|за|про)?о?плати(?:в|ла|л)|переказа(?:в|ла)|переве(?:ла|л)"
    r"|перевів|оплачено|сплачено|переказано)(?! бы?\b)\b"
)
"""«Оплатила як домовлялись»: what follows a deed done is no condition of it."""
_NOT_DONE = shape(
    r"\bне (?:\w+ )?(?:\w*плат|\w*плаче|перек|перев|\w*кину|відпр|отпр|надісл|присл|зроб|сдел|пройш|прош|внес|прове"
    r"|знайш|наш)\w*",
    r"\b(?:ще|еще|поки|пока) (?:\w+ )?не\b|\bякби\b",
)
_LATER_OR_NEVER = shape(
    "\\b"
    + one_of(
        """
        не_можу не_могу не_виходить не_выходит не_получа~ не_вийшло не_вышло не_вдало~ не_прийш~ не_приш~ не_буду немає
        нема нет нету якщо если коли когда після після_того потім потом пізніше позже завтра ввечері вечером як как
        куди куда чи щоб чтобы хто кто скільки сколько хочу хотіла хотів хотела хотел дайте дай надішліть надішли
        пришліть пришлите скиньте скинь видайте выдайте потрібен потрібна нужен нужна буде будет без можна можно ви вы
        вам_оплат скину кину скинем пришлю надішлю відправлю отправлю зроблю сделаю оплачу заплачу переведу перекажу
        треба надо шукаю ищу де где помилк~ ошибк~ помилковий обіцяю подарунков~ подарочн~ мама_каже якби бы
        """
    )
    + "\\b",
)
_OF_A_GARMENT = shape(
    "\\b"
    + one_of(
        """
        сукн~ плать~ плаття кофт~ товар~ інст~ инст~ сторіс~ сторис~ сайт~ фото модел~ розмір~ размер~ джинс~ пальт~
        куртк~ спідн~ юбк~ блуз~ така такий такі такое такая такую таку ціна ціни цена колір кольор~ цвет~ наявн~
        наличи~ каталог~ переписк~ листуван~ реклам~ помилк~ ошибк~
        """
    )
    + "\\b"
)
_A_BANK_PAGE = re.compile(
    r"(?:privatbank|privat24|monobank|check\.gov\.ua|pumb|oschadbank|raiffeisen|sensebank|a-?bank|ukrsibbank|portmone"
    r"|easypay|liqpay|wayforpay|receipt|kvitan|kvytan|/check)",
    re.IGNORECASE,
)


def detect_payment_proof(text: str, has_image: bool, has_url: bool) -> PaymentProof:
    """How sure it is that this burst proves a payment; «як оплатити?» and «ще не оплатила» prove nothing."""
    shown = has_image or has_url
    if _speaks_of_proof(clauses(text)):
        return PaymentProof.SURE if shown else PaymentProof.SUSPECTED
    if has_url and _A_BANK_PAGE.search(text[:LONGEST]):
        return PaymentProof.SUSPECTED
    return PaymentProof.NONE


def _is_told(text: str) -> bool:
    if _NOT_DONE.search(text):
        return False
    return _BEGINS_DONE.match(text) is not None or _LATER_OR_NEVER.search(text) is None


def _speaks_of_proof(said: tuple[Clause, ...]) -> bool:
    told = [clause.text for clause in said if not clause.asks and _is_told(clause.text)]
    if any(_DONE.search(text) for text in told):
        return True
    if any(_SHOWS.search(text) and not _OF_A_GARMENT.search(text) for text in told):
        return True
    # A screenshot may show anything: one word of goods or of an error, anywhere, and it shows no payment.
    return any(_SHOWS_A_SCREEN.search(text) for text in told) and not any(
        _OF_A_GARMENT.search(clause.text) for clause in said
    )
