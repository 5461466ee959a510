"""Redirects: where a page that was renamed is found now."""

from collections.abc import Callable, Mapping


def update(redirects: Mapping[str, str], moved: Mapping[str, str], live: Callable[[str], bool]) -> dict[str, str]:
    """The redirects after pages moved (old slug → new slug); `live` tells whether a slug has a page.

    Each leads to a live slug in one step. A slug that is live again redirects no more, and one that leads to no live
    slug, or round in a circle, is dropped.
    """
    known = {**redirects, **moved}
    ends = {slug: _end(slug, known, live) for slug in known if not live(slug)}
    return {slug: end for slug, end in ends.items() if end is not None}


def _end(slug: str, known: Mapping[str, str], live: Callable[[str], bool]) -> str | None:
    passed: set[str] = set()
    while not live(slug):
        if slug in passed or slug not in known:
            return None
        passed.add(slug)
        slug = known[slug]
    return slug
