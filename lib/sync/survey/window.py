"""Looking at the pages whose webhook events came in one window of time, each by itself."""

from collections.abc import Awaitable, Callable

from lib.errors import NoSuchPage
from lib.notion.together import all_of
from lib.store.events import Events, Wish
from lib.store.site import Known, Site
from lib.sync.problems import page_problem
from lib.sync.survey.survey import Survey


class WindowSurvey:
    """Looks at what a window holds, for one run; `look_at` looks at one page (by its id, forced or
    not), `survey` holds the progress."""

    def __init__(
        self,
        *,
        events: Events,
        site: Site,
        survey: Survey,
        look_at: Callable[[str, bool], Awaitable[None]],
    ) -> None:
        self._events, self._site, self._survey, self._look_at = events, site, survey, look_at

    async def look_at_window(self, window: int) -> None:
        """Look at each page. What is wrong with one is a problem of that one.

        Raises `NotionWait`, `NotionAway`, `OutOfTime`, `TakenOver`.
        """
        wishes = [
            one
            for one in await self._events.take_window(window)
            if one.page not in self._survey.progress.done
        ]
        if wishes:
            known = (await self._site.look_up([wish.page for wish in wishes]))[0]
            await all_of(self._contain_page(wish, known[wish.page]) for wish in wishes)

    async def _contain_page(self, wish: Wish, known: Known) -> None:
        about = page_problem(wish.page, known)

        async def look() -> None:
            try:
                await self._look_at(wish.page, wish.force)
            except NoSuchPage as refusal:
                self._survey.observer.problems.report(about, str(refusal))

        await self._survey.observer.problems.contain(about, look)
        self._survey.progress.done.add(wish.page)
