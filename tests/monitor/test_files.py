"""A file that an operator names is read where it is a small text, else refused at once; what is written is whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.errors import why_unreadable
from monitor.files import replacing, resolved, text_of


def why(path: Path) -> str:
    with pytest.raises((OSError, UnicodeDecodeError)) as caught:
        text_of(path, most_bytes=1_000_000)
    assert isinstance(caught.value, OSError | UnicodeDecodeError)
    return why_unreadable(caught.value)


def test_a_file_is_its_text_without_the_mark_that_editors_put_first(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_bytes("\ufeffroute: été\n".encode())

    assert "route: été\n" == text_of(path)


@pytest.mark.timeout(10)
def test_what_never_ends_or_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    assert ["not a file", "not a file", "Is a directory"] == [why(path) for path in (pipe, Path("/dev/zero"), tmp_path)]
    assert ["no file has such a name"] * 2 == [why(Path(name)) for name in ("/a\0", "/\ud800")]
    assert "No such file or directory" == why(tmp_path / "none")


@pytest.mark.parametrize("name", ["a\0", "\ud800"])
def test_a_path_that_no_file_can_have_leads_nowhere(name: str) -> None:
    with pytest.raises(OSError, match="no file has such a name"):
        resolved(Path(name))


def test_of_what_is_too_large_no_more_is_read_than_shows_it(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(1_000_000_000_000)  # with holes, it takes no room

    assert "larger than 1 MB" == why(path)


def test_what_is_no_text_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "latin"
    path.write_bytes(b"a\nb\n\xe9t\xe9\n")

    assert "line 3 is not UTF-8 text; save the file as UTF-8" == why(path)


def test_a_file_is_there_once_it_is_whole_and_a_link_to_it_stays(tmp_path: Path) -> None:
    target, link = tmp_path / "cible", tmp_path / "lien"
    target.write_bytes(b"avant")
    link.symlink_to(target)
    with replacing(link, mode=0o640) as file:
        file.write("après".encode())
        file.flush()
        meanwhile = target.read_bytes()

    assert (b"avant", "après".encode()) == (meanwhile, target.read_bytes())
    assert (0o640, True) == (target.stat().st_mode & 0o777, link.is_symlink())


def test_what_is_raised_meanwhile_leaves_everything_as_it_was(tmp_path: Path) -> None:
    def interrupted() -> None:
        with replacing(tmp_path / "neuf", mode=0o600) as file:
            file.write(b"la moiti")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert [] == list(tmp_path.iterdir())


def test_links_that_lead_round_in_a_circle_are_refused_and_stay(tmp_path: Path) -> None:
    loop = tmp_path / "boucle"
    loop.symlink_to(loop)

    with pytest.raises(OSError, match="symbolic links"), replacing(loop, mode=0o600):
        pass
    assert [loop] == list(tmp_path.iterdir())
    assert loop.is_symlink()
