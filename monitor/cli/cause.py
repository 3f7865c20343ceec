"""Why something outside failed, in the reader's language. Errors are English; their reasons have words in both."""

from __future__ import annotations

import re
from collections.abc import Mapping

from monitor.deliver.source_words import FRENCH
from monitor.errors import Reason

__all__ = ["french_cause"]

# An error names the host that it came from, and the status that was answered.
_HOST = re.compile(r"(?:https?://)?(?P<host>(?:\[[0-9a-f:]+\]|[\w-]+(?:\.[\w-]+)+)(?::\d+)?)(?:/\S*)?: .*", re.DOTALL)
_STATUS = re.compile(r"(?:.*: )?answered (?P<status>\d{3})", re.DOTALL)

# The words for sources speak of feeds; these speak of pages too.
_CAUSES: Mapping[Reason, str] = {
    **FRENCH.causes,
    Reason.ADDRESS_REFUSED: "adresse d’un réseau privé (le permettre : VEILLE_FETCH_ALLOW_NETWORKS)",
    Reason.BLOCKED: "consentement ou contrôle anti-robot exigé",
    Reason.EMPTY: "aucun texte trouvé",
    Reason.MALFORMED: "document illisible",
}
_BY_STATUS: Mapping[str, str] = {"404": "page introuvable"}
_NO_ROBOTS = "robots.txt illisible, rien ne peut donc être demandé"


def french_cause(reason: Reason | None, error: str | None) -> str:
    """Return a cause in French, with the host and the status that the error names.

    Where it names none, the error itself stands in parentheses; without a reason, alone.

    Examples:
        >>> french_cause(Reason.HTTP_5XX, "gazette.example: answered 500")
        'erreur du serveur (gazette.example : 500)'
        >>> french_cause(Reason.TOO_LARGE, "more than 5 MB")
        'document trop gros (more than 5 MB)'
        >>> french_cause(None, "hors service"), french_cause(None, None)
        ('hors service', '?')
    """
    if reason is None:
        return error or "?"
    error = error or ""
    named, answered = _HOST.fullmatch(error), _STATUS.fullmatch(error)
    status = answered["status"] if answered else ""
    cause = _BY_STATUS.get(status) or _CAUSES[reason].removesuffix(f" ({status})")
    if "VEILLE_FETCH_ALLOW_NETWORKS" in error:  # robots.txt may be what was not to be asked for
        cause = _CAUSES[Reason.ADDRESS_REFUSED]
    elif reason is Reason.ROBOTS and "robots.txt cannot be read" in error:
        cause = _NO_ROBOTS
    detail = " : ".join(filter(None, [named["host"] if named else "", status])) or error
    return f"{cause} ({detail})" if detail else cause
