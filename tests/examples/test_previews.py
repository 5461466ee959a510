"""The Next.js example's check of links to previews, against the links that the sync makes."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlencode

from lib.secret import Secret, preview_secret, sign_preview
from tests.examples.readers import execute

NOW = 1_780_000_000
HOUR = 3_600
OWNER, STRANGER = Secret("a secret of the sync's"), Secret("a secret of another deployment's")
SLUGS = ["about", "a b/é & co", "100%", "日本", "a=b&slug=c", "x" * 200, "9.about"]
CHECK = """
const { previewedSlug } = require(process.argv[1] + "/lib/preview.js");
const queries = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(queries.map((query) => previewedSlug(query, %d))));
"""


def link_to(slug: str, secret: Secret = OWNER, expires: int = NOW + HOUR) -> str:
    signature = sign_preview(secret, slug, expires)
    return urlencode({"slug": slug, "expires": expires, "signature": signature})


def shown(compiled: Path, queries: Sequence[str], now: int = NOW, **variables: str) -> list[object]:
    """What each link shows at a time (epoch seconds)."""
    environ = {"PREVIEW_SECRET": preview_secret(OWNER)} | variables
    done = execute(["node", "-e", CHECK % (now * 1000), compiled], json.dumps(queries), **environ)
    assert done.returncode == 0, done.stderr
    found: list[object] = json.loads(done.stdout)
    return found


def test_a_link_shows_its_page_for_an_hour(compiled: Path) -> None:
    links = [link_to(slug) for slug in SLUGS]

    assert shown(compiled, links) == SLUGS
    assert shown(compiled, links, NOW + HOUR - 1) == SLUGS
    assert shown(compiled, links, NOW + HOUR) == [None] * len(SLUGS)


def test_no_forged_or_foreign_link_shows_anything(compiled: Path) -> None:
    """A digit of the signature, the time or the slug is another; or the key is; or something is
    missing."""
    dice = random.Random(1)
    forged = [
        *(link_to(slug, STRANGER) for slug in SLUGS),
        *(link_to("about").replace(f"{name}=", "x=") for name in ("slug", "expires", "signature")),
        link_to("about").replace("slug=about", "slug=9.about"),
        link_to("9.about").replace("slug=9.about", "slug=about"),
        link_to("about").upper(),
        link_to("about") + "0",
        "",
    ]
    for _ in range(1_000):
        link = link_to(dice.choice(SLUGS))
        at = dice.randrange(len(link))
        forged.append(link[:at] + dice.choice("0123456789abcdef") + link[at + 1 :])
    true = [parse_qs(link_to(slug)) for slug in SLUGS]
    forged = [link for link in forged if parse_qs(link) not in true]  # "%e6" and "%E6" are the same

    assert shown(compiled, forged) == [None] * len(forged)
    assert len(forged) > 900


def test_without_the_secret_no_link_shows_anything(compiled: Path) -> None:
    assert shown(compiled, [link_to("about")], PREVIEW_SECRET="") == [None]
