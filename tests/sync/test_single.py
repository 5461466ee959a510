"""Looking at one page: what proves that it is gone."""

from typing import Any

import pytest

from lib.errors import Hopeless, Unreadable
from lib.model import JSON, Kept, Known, Rank
from lib.sync.single import PageSurvey
from lib.sync.survey import Found, Progress

ID = "aaaaaaaa-0000-4000-8000-000000000001"
MINUTE = "2026-05-01T10:00:00.000Z"
ROW = Kept("about", "pages", "About", MINUTE, MINUTE, 1.0, 1.0, "d", rank=Rank(ID, MINUTE))


class Notion:
    """Answers from a dict; what is not in it, or has a status, is refused."""

    def __init__(self, answers: dict[str, JSON | int]) -> None:
        self._answers = answers
        self.asked: list[str] = []

    async def get(self, path: str, params: JSON | None = None) -> JSON:
        self.asked.append(path)
        answer = self._answers.get(path, 404)
        if isinstance(answer, int):
            raise Unreadable("object_not_found", answer)
        return answer

    def notion_time(self, local: float) -> float:
        return local


async def look(notion: Any, kept: dict[str, Kept], wanted: str = ID) -> Found:
    known = Known(kept, (), {}, {}, {})
    return await PageSurvey(notion, known, {"pages": "ref"}, Progress(), wanted, now=lambda: 100.0).look()


async def test_a_page_that_notion_knows_neither_as_page_nor_as_block_is_gone() -> None:
    notion = Notion({})

    found = await look(notion, {ID: ROW}, "about")

    assert list(found.gone) == [ID]
    assert notion.asked == [f"pages/{ID}", f"blocks/{ID}"]


@pytest.mark.parametrize("answers", [{f"blocks/{ID}": {"id": ID}}, {f"blocks/{ID}": 403}, {f"pages/{ID}": 403}])
async def test_one_refusal_alone_drops_nothing(answers: dict[str, JSON | int]) -> None:
    with pytest.raises(Hopeless, match="does not show it"):
        await look(Notion(answers), {ID: ROW})


async def test_a_page_nobody_knows_is_no_page_to_drop() -> None:
    with pytest.raises(Hopeless, match="does not show it"):
        await look(Notion({}), {})


async def test_what_was_found_out_before_is_not_asked_again() -> None:
    progress = Progress(began_at=1.0, pages={ID: None})
    notion: Any = Notion({})
    survey = PageSurvey(notion, Known({ID: ROW}, (), {}, {}, {}), {"pages": "ref"}, progress, ID, now=lambda: 100.0)

    assert (await survey.look()).gone == {ID: 1.0}
    assert notion.asked == []
