"""Analysing one article: the bundled pack alone, with 10 rules more, with 10,000 rules more."""

from __future__ import annotations

from datetime import UTC, datetime

import rules
from benchmarks.timing import cpu_ms

_TITLE = "Kharkiv sous les bombes, Pékin et Moscou affichent leur unité"
_PARAGRAPHS = (
    "L’offensive lancée dans la nuit a repris à l’aube, et les habitants ont quitté les villages de la frontière. ",
    "Le gouverneur parle de trois immeubles touchés ; les secours cherchaient encore des survivants à midi. ",
    "À la mairie, on refait les comptes du budget : la piscine attendra, la médiathèque ouvrira au printemps. ",
    "Le président chinois recevra son homologue russe mardi ; la visite doit durer deux jours, selon le Kremlin. ",
    "Les apiculteurs du plateau n’avaient pas connu pareille récolte depuis dix ans, malgré la grêle de juin. ",
)


def main() -> None:
    body = "\n\n".join("".join(_PARAGRAPHS) for _ in range(11))
    document = rules.Document(title=_TITLE, lead=_PARAGRAPHS[0], body=body)
    words = sum(len(text.split()) for text in (document.title, document.lead, document.body))
    now = datetime(2026, 11, 23, tzinfo=UTC)
    bundled = rules.load()
    print(f"article of {words} words, CPU ms per 1,000 words")
    base = None
    for more in (0, 10, 10_000):
        extra = [("extra.txt", "\n".join(f"mot{n} PROCHE/20 terme{n}" for n in range(more)))]
        pack = rules.Pack(bundled.entities, (*bundled.rules, *(rules.load(extra).rules if more else ())))
        engine = rules.Engine(pack)

        def work(engine: rules.Engine = engine) -> object:
            return engine.match(engine.analyse(document), now=now)

        spent = cpu_ms(work, times=20) * 1000 / words
        base = base or spent
        print(f"  bundled rules and {more:>6} more: {spent:6.2f} ms, ratio {spent / base:.2f}")


if __name__ == "__main__":
    main()
