"""How a command ends when it does not succeed: one sentence and an exit status."""


class Failed(Exception):
    """The command could not do its work; exit status 1."""

    status = 1


class WrongUse(Failed):
    """The command was asked for something it cannot do; exit status 2."""

    status = 2
