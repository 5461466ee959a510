"""The texts of scripts by their hashes: faults and callbacks are told of a script by its text,
however it is called."""

from hashlib import sha1

from dev.upstash import commands
from dev.upstash.commands import Command


class Scripts:
    """What the server knows of scripts, from the commands that it is told to `learn` from."""

    def __init__(self) -> None:
        self._texts: dict[bytes, bytes] = {}

    def learn(self, command: Command) -> None:
        """Remember the script that a command brings along, if it does."""
        match [commands.name(command), *command[1:]]:
            case ["EVAL", bytes() as text, *_]:
                self._keep(text)
            case ["SCRIPT", bytes() as what, bytes() as text] if what.upper() == b"LOAD":
                self._keep(text)

    def knows(self, command: Command) -> bool:
        """Return whether the script of a command is known; a command without one is."""
        return commands.name(command) != "EVALSHA" or _hash_in(command) in self._texts

    def spelled(self, command: Command) -> Command:
        """Return a command with the text of its script in place of the hash."""
        if (
            commands.name(command) == "EVALSHA"
            and (text := self._texts.get(_hash_in(command))) is not None
        ):
            return [b"EVAL", text, *command[2:]]
        return command

    def _keep(self, text: bytes) -> None:
        self._texts[sha1(text, usedforsecurity=False).hexdigest().encode()] = text


def _hash_in(command: Command) -> bytes:
    return command[1].lower() if len(command) > 1 else b""
