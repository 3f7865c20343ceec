"""The schema's version. Alembic is imported only where there is something to migrate."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from monitor.errors import StoreError

__all__ = ["HEAD", "SCRIPTS", "check_version", "migrate"]

HEAD = "0029"
SCRIPTS = Path(__file__).with_name("migrations")


def migrate(connection: Connection, path: Path) -> None:
    """Bring the schema to this program's version, all of it or none: the caller's transaction holds it.

    Raises:
        StoreError: the database is another program's, or of a newer veille.
    """
    version = _version(connection, path)
    if version == HEAD:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    if version not in {None, *(script.revision for script in ScriptDirectory.from_config(config).walk_revisions())}:
        raise _newer(path, version)
    command.upgrade(config, "head")


def check_version(connection: Connection, path: Path) -> None:
    """Refuse a schema that is not this program's, where it may not be changed.

    Raises:
        StoreError: the schema is older or newer, or not veille's.
    """
    version = _version(connection, path)
    if version is None:
        raise StoreError(f"{path}: an empty database; `veille poll` or `veille run` fills it")
    if version > HEAD:
        raise _newer(path, version)
    if version != HEAD:
        raise StoreError(
            f"{path}: its schema is {version}, this program reads {HEAD}; `veille run` brings older ones up to date"
        )


def _newer(path: Path, version: str | None) -> StoreError:
    return StoreError(f"{path}: written by a newer veille (schema {version}); install that version or restore a backup")


def _version(connection: Connection, path: Path) -> str | None:
    """Return the schema's version; None for an empty database."""
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if "alembic_version" not in tables or "feed" not in tables:
        raise StoreError(f"{path}: an SQLite database of another program; set another path")
    version = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if version is None:
        raise StoreError(f"{path}: the database is damaged: it does not say its schema; restore a backup")
    return str(version)
