"""What a run costs when little or nothing changed: the sample workspace, synced before."""

from collections.abc import Iterator

from bench.figures import Figures
from bench.rig import Rig
from dev.notion.edits import Edits

ROW = "aaaaaaaa-0000-4000-8000-000000000002"
OTHER_ROW = "aaaaaaaa-0000-4000-8000-000000000003"


def measure() -> Iterator[Figures]:
    with Rig() as rig:
        rig.measure("everything")
        rig.settle()
        yield rig.measure("nothing changed")
        edit_two_rows(rig.notion.edit)
        rig.settle()
        yield rig.measure("two pages changed")
        rig.notion.edit.append_blocks(ROW, [{"paragraph": "And a third thought."}])
        rig.settle()
        yield rig.measure("one page, by its id", page=ROW)
        yield rig.measure("nothing changed, forced", force="1")
        rig.subscribe()
        rig.notion.edit.append_blocks(OTHER_ROW, [{"paragraph": "A thought that Notion tells of."}])
        rig.settle()
        yield rig.measure_webhook("one page, by Notion's webhook")


def edit_two_rows(edit: Edits) -> None:
    for row in (ROW, OTHER_ROW):
        edit.append_blocks(row, [{"paragraph": "A second thought."}])
