"""English beside Ukrainian and Russian: whether a text is in it, and what the other tables do not hear."""

# ruff: noqa: SIM905 — word tables read better as running text than as quoted lists.

import re

from flows.rules.text import clean, fold, words

_ENGLISH = frozenset(
    """
    the a an is are am was do does did what when where how who why which can could would should will i you we they he
    she it my your our me us hello hi hey good morning afternoon evening yes no please thanks thank want need like to
    for at on in of and or with from have has there this that open close price cost much many book table call tomorrow
    today name order delivery pay sorry not don t s m okay hours person human speak english
    """.split()
)
_COMPLAINT = re.compile(
    r"\b(?:complain\w*|refund\w*|money back|broken|damaged|defective|faulty|scam\w*|fraud\w*|cheated|terrible|horrible"
    r"|awful|disgusting|unacceptable|rude|(?:very |really )?(?:disappointed|dissatisfied)"
    r"|wrong (?:item|size|order|product)|never (?:arrived|came))\b"
)
_NO_COMPLAINT = re.compile(
    r"\b(?:refund|return|exchange)s? (?:policy|rules|conditions)\b|\bif\b|\b(?:how|can|could|do you|is it)\b.*\brefund"
    r"|\bnot (?:bad|broken|terrible)\b"
)
_OPT_OUT = re.compile(
    r"\b(?:unsubscribe|opt ?out|(?:stop|quit) (?:writing|messaging|texting|contacting|sending)"
    r"|(?:don'?t|do not|never) (?:write|message|text|contact|bother)(?: to)? me|leave me alone|no more messages)\b"
)
_PERSON = re.compile(
    r"\b(?:talk|speak|chat|connect|transfer|get|want|need|give)\b(?: \w+){0,4}"
    r" (?:human|person|someone|somebody|operator|manager|agent|representative|real (?:man|woman))\b"
    r"|^\W*(?:a )?(?:human|operator|manager|agent|real person)(?: please)?\W*$"
)
_NAME = re.compile(r"\b(?:my name is|my name's|name is|name:|i am|i'm|this is) ((?:[A-Z][\w'’-]+ ?){1,3})")
_GREETING = frozenset("hi hello hey good morning afternoon evening day there greetings".split())


def is_english(text: str) -> bool | None:
    """Whether a text is English; None where its words do not tell, as in «ok» or a phone number."""
    cleaned = fold(clean(text[:1000]))
    letters = [sign for sign in cleaned if sign.isalpha()]
    if not letters:
        return None
    if sum(sign.isascii() for sign in letters) < 0.8 * len(letters):
        return False
    told = [word for word in words(cleaned) if word in _ENGLISH]
    return True if len(told) >= 2 or (told and len(words(cleaned)) <= 2) else None


def complains_in_english(text: str) -> bool:
    """«I want a refund» complains; "what is your refund policy?" does not."""
    return _hears(_COMPLAINT, text) and not _hears(_NO_COMPLAINT, text)


def opts_out_in_english(text: str) -> bool:
    """«Stop messaging me»."""
    return _hears(_OPT_OUT, text)


def wants_person_in_english(text: str) -> bool:
    """«Can I talk to a human?»."""
    return _hears(_PERSON, text)


def find_english_name(text: str) -> str:
    """The name behind "my name is"; "" if none."""
    found = _NAME.search(text[:1000])
    return found[1].strip() if found else ""


def greets_in_english(text: str) -> bool:
    """«Hi», "good morning", and nothing else."""
    said = words(text[:100])
    return bool(said) and all(word in _GREETING for word in said)


def _hears(shape: re.Pattern[str], text: str) -> bool:
    return shape.search(fold(clean(text[:1000])).replace("’", "'")) is not None
