"""The sample workspace as text: every text of it is there, in Markdown and in plain."""

import json

from bench.peers.texts import bare, texts_there
from dev.equality import Truth
from dev.notion import SAMPLE_DATABASES, truth
from dev.notion.load import load
from lib.bundle.text.document import document_of
from tests.bundle.text.reading import text_in
from tests.bundle.text.test_document import MUCH, SYNCED_AT, meta_of


def test_every_text_of_the_workspace_is_in_both_forms() -> None:
    workspace = load()
    databases = list(SAMPLE_DATABASES.values())
    expected = Truth(workspace, SAMPLE_DATABASES, "https://sync.example")
    pages = [expected.blocks(page_id) for page_id in truth.published_pages(workspace, databases)]
    docs = [json.loads(document_of(meta_of(), blocks, SYNCED_AT, MUCH).value) for blocks in pages]
    texts = texts_there(workspace, databases)
    assert len(texts) > 100
    for found in (
        "\n".join(doc["text"] for doc in docs),
        "\n".join(text_in(doc["markdown"]) for doc in docs),
    ):
        assert [text for text in texts if text not in bare(found)] == []
