# SPDX-License-Identifier: LGPL-2.1-or-later
"""The PIN guard's promise, as short as it can be said: what each use of a PIN must come to, for one card."""
import dataclasses
import typing

MINUTE = 60
ROUNDING = 1            # the time of the last wrong PIN is whole seconds, and nobody waits less than is said
ROOT = "root"
LAST_TRY_USERS = {ROOT, "alice"}        # whom polkit lets allow the last try
ALLOWED_ROW = 1                         # wrong PINs in a row after which nobody waits
WAITS = [MINUTE + ROUNDING, 10 * MINUTE + ROUNDING]     # after the second and the third
LONGEST_WAIT = 60 * MINUTE + ROUNDING                   # after each further one


class Answer(typing.NamedTuple):
    """None is success. `value`: of PinIncorrect the tries left, of HeldOff the time when it ends."""
    error: typing.Optional[str] = None
    value: typing.Optional[int] = None


@dataclasses.dataclass
class Secret:
    """A PIN or the reset code."""
    value: bytes
    tries_max: int
    tries: int = None
    refused: bytes = None               # the last that is known to be wrong, since the card was put in
    row: dict = dataclasses.field(default_factory=dict)     # user: wrong ones in a row, and the time of the last

    def __post_init__(self):
        self.tries = self.tries_max


class Model:
    def __init__(self, pins, code, now):
        self.secrets = {"auth": Secret(pins["auth"], 3), "sign": Secret(pins["sign"], 5), "code": Secret(code, 10)}
        self.leases = {}                # user: the PIN; of auth only
        self.now = now

    def daemon_or_card_is_new(self):
        """What only the daemon knew of this insertion is gone."""
        self.leases.clear()
        for secret in self.secrets.values():
            secret.refused = None

    def held_until(self, name, user):
        """A clock that was set back leaves no wait longer than it would be from now."""
        for secret in self.secrets.values():
            secret.row = {user: (count, min(last, self.now)) for user, (count, last) in secret.row.items()}
        count, last = self.secrets[name].row.get(user, (0, 0))
        if count <= ALLOWED_ROW:
            return 0
        return last + (WAITS + [LONGEST_WAIT])[min(count - ALLOWED_ROW, len(WAITS) + 1) - 1]

    def attempt(self, name, user, value, expected_tries=None, allow_last_try=None, from_lease=False):
        """A PIN or code of right format, from a caller who may use it."""
        secret = self.secrets[name]
        until = self.held_until(name, user)
        if self.now < until:
            return Answer("HeldOff", until)
        if value == secret.refused:
            return self.wrong(secret)
        if secret.tries == 0:
            return Answer("PinLocked")
        if expected_tries not in (None, secret.tries):
            return Answer("TriesChanged")
        if secret.tries == 1 and not allow_last_try:
            return Answer("LastTry")
        return self.compare(secret, user, value, from_lease)

    def compare(self, secret, user, value, from_lease):
        """The only step that costs a try."""
        if value == secret.value:
            secret.tries = secret.tries_max
            secret.refused = None
            if not from_lease:          # which nobody has typed
                secret.row.pop(user, None)
            return Answer()
        secret.tries -= 1
        secret.refused = value
        secret.row[user] = (secret.row.get(user, (0, 0))[0] + 1, self.now)
        return self.wrong(secret)

    def wrong(self, secret):
        return Answer("PinIncorrect", secret.tries) if secret.tries else Answer("PinLocked")

    def set(self, name, value, refused=None):
        secret = self.secrets[name]
        secret.value, secret.tries, secret.refused = value, secret.tries_max, refused
        if name == "auth":
            self.leases.clear()         # nobody has typed the new one

    def call(self, member, kind, user, pin=None, new_pin=None, reset_code=None, **options):
        """What the method answers. GetTries gives the tries as value."""
        if member == "GetTries":
            return Answer(None, self.secrets[kind].tries)
        if member == "Unlock" and kind != "auth":
            return Answer("NotAllowed")
        if options.get("allow_last_try") and user not in LAST_TRY_USERS:
            return Answer("NotAuthorized")
        new = self.normalised(kind, new_pin)
        if new_pin and not new:
            return Answer("PinFormat")
        if member == "ResetPin":
            answer = self.attempt("code", user, reset_code, **options)
            if not answer.error:
                self.set(kind, new)
                self.secrets[kind].row.pop(user, None)
            return answer
        from_lease = not pin
        if from_lease:
            pin = self.leases.get(user) if kind == "auth" and member == "Sign" else None
            if not pin:
                return Answer("PinRequired")
        pin = self.normalised(kind, pin)
        if not pin:
            return Answer("PinFormat")
        if pin == new:
            return Answer("InvalidInput")
        answer = self.attempt(kind, user, pin, from_lease=from_lease, **options)
        if not answer.error and member == "Unlock":
            self.leases[user] = pin
        if not answer.error and member == "ChangePin":
            self.set(kind, new, refused=pin)
        if from_lease and answer.error in ("PinIncorrect", "PinLocked"):
            del self.leases[user]
        return answer

    def normalised(self, kind, pin):
        """As the card would get it; None where its format is wrong."""
        if pin is None:
            return None
        if kind == "auth":
            return pin if len(pin) == 4 and pin.isdigit() else None
        pin = pin.upper()
        return pin if 6 <= len(pin) <= 16 and pin.isalnum() and not pin.isdigit() and not pin.isalpha() else None
