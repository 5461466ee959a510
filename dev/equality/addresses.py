"""The lasting addresses of a workspace's files."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from dev.notion.nodes import JSON


@dataclass(frozen=True)
class Addresses:
    """`media` is the public address of the functions; `copies` that of the Blob store where every
    file has been copied, "" where there is none."""

    media: str
    copies: str = ""

    def of_icon(self, icon: JSON | None, page_id: str) -> str | None:
        """An emoji's own text, or an address."""
        match icon:
            case {"type": "emoji", "emoji": emoji}:
                return str(emoji)
            case {"type": "custom_emoji", "custom_emoji": {"url": url}}:
                return str(url)
            case {"type": "icon", "icon": {"name": name, "color": color}}:
                return f"https://www.notion.so/icons/{name}_{color}.svg"
        return self.of_file(icon, page_id)

    def of_file(self, file: JSON | None, page_id: str) -> str | None:
        """Of a page's icon, cover or file; an external one stays where it is."""
        if file is None:
            return None
        url: str = file[file["type"]]["url"]
        return url if file["type"] == "external" else self._lasting("page", page_id, url)

    def settled(self, value: Any, block_id: str = "") -> Any:
        """Blocks with the lasting addresses of their hosted files; `block_id` is that of the block
        around `value`."""
        if isinstance(value, list):
            return [self.settled(one, block_id) for one in value]
        if not isinstance(value, dict):
            return value
        if value.get("type") == "file" and set(value.get("file") or {}) == {"url"}:
            return {
                **value,
                "file": {"url": self._lasting("block", block_id, value["file"]["url"])},
            }
        holder = value["id"] if _is_block(value) else block_id
        return {name: self.settled(one, holder) for name, one in value.items()}

    def _lasting(self, holder: str, holder_id: str, url: str) -> str:
        file = sha256(url.encode()).hexdigest()[:16]
        if self.copies:
            return f"{self.copies}/notion/{file}/{url.rpartition('/')[2]}"
        return f"{self.media}/api/media?{holder}={holder_id}&file={file}"


def _is_block(value: JSON) -> bool:
    return "id" in value and ("object" in value or "children" in value)
