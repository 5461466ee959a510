"""The Next.js example, really built and really served."""

from collections.abc import Mapping

from dev.serve import HOST
from tests.examples.built_site import BuiltSite
from tests.examples.readers import NEXTJS

NEXT = ("node", "node_modules/next/dist/bin/next")


class NextSite(BuiltSite):
    def __init__(self, environ: Mapping[str, str]) -> None:
        start = (*NEXT, "start", "--hostname", HOST, "--port", "{port}")
        super().__init__(
            NEXTJS, (*NEXT, "build"), start, {"NEXT_TELEMETRY_DISABLED": "1", **environ}
        )
