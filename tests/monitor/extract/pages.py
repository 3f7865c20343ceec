"""Pages of our own, in press style; every name and fact in them is invented."""

from __future__ import annotations

import json
from typing import Any

TITLE = "Le gel frappe les vignes du Vexin"
TAB = f"{TITLE} - La Gazette de Lutèce"
STANDFIRST = "Les viticulteurs du plateau redoutent une récolte divisée par deux après la nuit de mercredi."
PARAGRAPHS = tuple(
    """\
Le thermomètre est descendu à quatre degrés sous zéro dans la nuit de mercredi à jeudi sur les coteaux de Saint-Aubin, \
où les bourgeons venaient de s'ouvrir avec dix jours d'avance sur le calendrier habituel.
« Nous avons allumé des bougies jusqu'à l'aube, mais le vent a tout emporté », raconte Jeanne Morvan, qui cultive \
douze hectares avec son frère et qui n'avait pas connu de telle gelée depuis la reprise du domaine familial.
La chambre d'agriculture doit évaluer les pertes dans les prochains jours. Les exploitants demandent déjà que l'état \
de catastrophe naturelle soit reconnu, et que les échéances de leurs prêts soient reportées d'une année.
Selon les premières estimations, la moitié des parcelles de la vallée sont touchées, et certaines ne donneront aucun \
raisin. Le maire de la commune a réuni les habitants dans la salle des fêtes pour organiser l'entraide.
Une nouvelle baisse des températures est attendue samedi. Les plus jeunes plants ont été couverts de voiles, et les \
pompiers volontaires se relaieront pour surveiller les feux qui brûlent entre les rangs.""".split("\n")
)
BODY = "\n".join(PARAGRAPHS)
LINKED: dict[str, Any] = {
    "@context": "https://schema.org",
    "@type": "NewsArticle",
    "headline": TITLE,
    "datePublished": "2024-05-16T08:30:00+02:00",
    "author": [{"@type": "Person", "name": "Anne Lenoir"}],
    "inLanguage": "fr-FR",
    "isAccessibleForFree": True,
    "publisher": {"@type": "Organization", "name": "La Gazette de Lutèce"},
}


def linked_data(**changes: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps(LINKED | changes)}</script>'


def page(*, head: str = "", body: str | None = None, title: str = TAB, around: str = "") -> str:
    told = "".join(f"<p>{each}</p>" for each in PARAGRAPHS) if body is None else body
    return (
        f'<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>{title}</title>{head}</head><body>'
        '<header><nav><a href="/">Accueil</a> <a href="/monde">Monde</a></nav></header>'
        f"<main><article><h1>{TITLE}</h1>{around}{told}</article></main>"
        "<aside><h2>Les plus lus</h2><ul><li><a href='/a'>La foire ouvre samedi</a></li></ul></aside>"
        "<footer><p>Mentions légales</p></footer></body></html>"
    )
