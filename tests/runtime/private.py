"""Files that lie about on the machine of somebody who deploys from it, and that only they may
read."""

from pathlib import Path

MARK = "PLANTED_SECRET"
NAMES = (
    ".env",
    ".env.local",
    ".env.production",
    ".vercel/.env.production.local",
    "api/sync/.env",
    "api/sync/service-account.json",
    "backup/kv.json",
    "dump.rdb",
    "examples/nextjs/.env.local",
    "examples/nextjs/dump.rdb",
    "examples/nextjs/node_modules/example/index.js",
    "lib/dump.rdb",
    "lib/id_rsa",
    "lib/store/lua/.env",
    "notes.txt",
    "scratch.py",
    "server.pem",
)


def plant_private_files(project: Path) -> None:
    for name in NAMES:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(f"TOKEN={MARK} {name}\n")


def holds_a_private_file(path: Path) -> bool:
    return MARK.encode() in path.read_bytes()
