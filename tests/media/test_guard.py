"""Who made an address is known by its MAC; addresses from before there were MACs have a small
allowance."""

import pytest

from lib.errors import Refused, TryLater
from lib.media import guard
from lib.media.address import Wanted, wanted_of
from lib.media.guard import UNSIGNED_AT_ONCE, UNSIGNED_PER_MINUTE, Allowance, check_mac
from lib.secret import AddressKey, PreviewKey, Secret

ID = "1c0ffee0-0000-4000-8000-000000000001"
FILE = "0123456789abcdef"
NEW, OLD = AddressKey(Secret("the secret of today")), AddressKey(Secret("the secret of yesterday"))
MONTH_MINUTES = 31 * 24 * 60
FREE_COMMANDS = 500_000
"""A month of Upstash's free plan: https://upstash.com/pricing/redis."""


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def wanted(mac: str = "") -> Wanted:
    return Wanted("block", ID, FILE, mac)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of an allowance of three at once and six a minute."""
    clock = Clock()
    monkeypatch.setattr(guard, "UNSIGNED", Allowance(3, 6.0, clock))
    return clock


def test_what_today_s_or_yesterday_s_secret_signed_is_let_through(clock: Clock) -> None:
    for key in [NEW, OLD] * 3:
        check_mac(wanted(key.mac(wanted().token)), [NEW, OLD])


def test_no_key_of_the_public_opens_a_draft_s_file_nor_the_other_way_round() -> None:
    secret, token = Secret("the secret of today"), wanted().token

    with pytest.raises(Refused):
        check_mac(wanted(AddressKey(secret).mac(token)), [PreviewKey(secret)])
    with pytest.raises(Refused):
        check_mac(wanted(PreviewKey(secret).mac(token)), [AddressKey(secret)])


@pytest.mark.parametrize(
    "mac",
    [
        "0" * 20,
        OLD.mac(f"block={ID}&file={FILE}"),
        NEW.mac(f"page={ID}&file={FILE}"),
        NEW.mac(f"block={ID}&file={FILE[:-1]}0"),
    ],
)
def test_a_mac_of_another_address_or_secret_is_not_found_and_that_may_be_kept(mac: str) -> None:
    with pytest.raises(Refused) as refused:
        check_mac(wanted(mac), [NEW])
    assert refused.value.status == 404
    assert refused.value.headers["Cache-Control"] == "public, max-age=60"


def test_an_address_without_a_mac_is_let_through_while_the_allowance_lasts(clock: Clock) -> None:
    for _ in range(3):
        check_mac(wanted(), [NEW])
    with pytest.raises(TryLater) as later:
        check_mac(wanted(), [NEW])
    assert later.value.retry_after_seconds == pytest.approx(10.0)

    clock.seconds += 10.0
    check_mac(wanted(), [NEW])
    clock.seconds += 3600.0
    for _ in range(3):
        check_mac(wanted(), [NEW])
    with pytest.raises(TryLater):
        check_mac(wanted(), [NEW])


def test_a_month_of_made_up_addresses_leaves_a_free_month_of_commands() -> None:
    assert UNSIGNED_AT_ONCE + UNSIGNED_PER_MINUTE * MONTH_MINUTES < FREE_COMMANDS


@pytest.mark.parametrize("mac", ["", "0" * 19, "0" * 21, "0" * 19 + "G", "0" * 19 + "A"])
def test_what_is_no_mac_is_refused(mac: str) -> None:
    with pytest.raises(Refused, match="20 hex digits") as refused:
        wanted_of({"block": ID, "file": FILE, "mac": mac})
    assert refused.value.status == 400


def test_a_mac_is_fixed_by_the_secret_and_shows_nothing_of_it() -> None:
    mac = AddressKey(Secret("correct horse battery staple")).mac(f"block={ID}&file={FILE}")

    assert mac == "1923d54b5832850ab014"
    assert wanted_of({"block": ID, "file": FILE, "mac": mac}) == wanted(mac)
