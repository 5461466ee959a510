"""How bundles are written: where their files are, and how large a value may be."""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from lib.bundle.media import Address, FileRef
from lib.model import Copy
from lib.store.copies import Copies, is_for_all
from lib.store.site import Copying


class BundleForm(msgspec.Struct, frozen=True, kw_only=True):
    """`now_iso` gives the time as a site reads it."""

    address: Address
    """The address of a hosted file."""
    preview_address: Address
    """The same for a draft's file."""
    max_value_bytes: int
    docs: bool
    """Pages stand in KV as text too."""
    now_iso: Callable[[], str]


class HostedFiles(msgspec.Struct):
    """The copies of hosted files. `note` takes the files whose signed addresses are known, so that
    the others can be copied."""

    copies: Copies
    note: Callable[[Iterable[FileRef]], None]

    async def copies_of(self, refs: Mapping[str, FileRef]) -> dict[str, Copy]:
        """Return the copies by the files' tokens."""
        self.note(refs.values())
        return await self.copies.copies_of({ref.file for ref in refs.values()})

    def mark_digest(self, digest: str, refs: Mapping[str, FileRef]) -> str:
        """Return the digest of a bundle with the files that may have copies in it."""
        return self.copies.marked(digest, refs)


def copying_of(visibility: str, refs: Mapping[str, FileRef], copies: Mapping[str, Copy]) -> Copying:
    """Return what is to become of the files of a bundle of this visibility."""
    if not is_for_all(visibility):
        return "private"
    return "1" if any(ref.file not in copies for ref in refs.values()) else "0"
