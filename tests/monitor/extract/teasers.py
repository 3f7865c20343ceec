"""Pages that show the beginning of an article, in the layouts of the French press, and free ones that look like "
"them."""

from __future__ import annotations

from tests.monitor.extract.pages import PARAGRAPHS, linked_data, page

_GATED = {"@type": "WebPageElement", "isAccessibleForFree": False}


def _first(count: int) -> str:
    return "".join(f"<p>{each}</p>" for each in PARAGRAPHS[:count])


_LONG = _first(5) * 3

TEASERS = {
    "stated, with what is left": page(
        head=linked_data(isAccessibleForFree=False),
        body=_first(2) + '<section class="paywall"><p>Il vous reste 67.12% de cet article à lire.</p>'
        "<p>La suite est réservée aux abonnés.</p></section>",
    ),
    "stated, its part is empty": page(
        head=linked_data(isAccessibleForFree=False, hasPart=[_GATED | {"cssSelector": ".x, #paywall"}]),
        body=_LONG + '<div id="paywall"></div>',
    ),
    "only its part is stated": page(
        head=linked_data(isAccessibleForFree=None, hasPart=_GATED | {"cssSelector": "div.gated"}),
        body=_first(3) + '<div class="gated"></div>',
    ),
    "locked": page(head='<meta property="article:content_tier" content="locked">', body=_first(2)),
    "a box with a button": page(
        body=_first(2)
        + '<div class="premium"><p>Cet article est réservé aux abonnés. Il vous reste 82% à découvrir.</p>'
        "<p>Vous avez envie de lire la suite ? Débloquez tous les articles immédiatement.</p></div>"
    ),
    "one line": page(
        body=_first(1) + "<div><p>Cet article est réservé aux abonnés</p><p>Abonnez-vous pour 1 €</p></div>"
    ),
    "an offer": page(
        body=_first(2)
        + "<div><p>Envie de lire la suite ?</p><p>Profitez de l’offre découverte, sans engagement</p></div>"
    ),
    "a rule": page(
        body=_first(1) + "<div><p>La lecture des articles est réservée aux abonnés</p><p>Se connecter</p></div>"
    ),
    "a sentence of its own": page(body=_first(2) + "<p>Pour lire la suite, abonnez-vous</p>"),
    "in English": page(body=_first(2) + "<p>Create a free account or log in to continue reading.</p>"),
    "a question": page(
        body=_first(2) + "<div><h3>Vous souhaitez lire l’intégralité de cet article ?</h3><p>À partir de 1 €</p></div>"
    ),
    "protected": page(body=_first(1) + "<div><p>L’accès à la totalité de l’article est protégé.</p></div>"),
    "what is left": page(
        body=_first(1) + "<div><p>Contenu réservé aux abonnés</p><p>Il reste 75% de ce contenu à lire</p></div>"
    ),
    "cut in a sentence": page(body=_first(1) + "<p>Le préfet a annoncé que les…</p>"),
    "for members": page(body=_first(1) + "<p>Inscrivez-vous gratuitement pour lire la suite de cet article.</p>"),
}
WHOLE = {
    "for the subscriber that one is": page(
        head=linked_data(isAccessibleForFree=False, hasPart=_GATED | {"cssSelector": ".paywall"}),
        body=_first(1) + f'<div class="paywall">{_LONG}</div>',
    ),
    "for the subscriber, without marks": page(head=linked_data(isAccessibleForFree="False"), body=_LONG),
    "free, and metered elsewhere": page(head='<meta property="article:content_tier" content="metered">'),
    "free, with a box for comments": page(
        head='<meta property="article:content_tier" content="free">',
        body=_first(2) + "<p>Déjà abonné ? Connectez-vous pour commenter</p>",
    ),
    "a box for the comments of subscribers": page(
        body=_first(5) + '<div class="comments"><p>Réservé aux abonnés : déjà abonné ? Connectez-vous pour commenter. '
        "Abonnez-vous pour participer à la discussion.</p></div>"
    ),
    "short, with such a box": page(
        body=_first(2) + "<div><p>Les commentaires sont réservés aux abonnés. Abonnez-vous pour réagir.</p></div>"
    ),
    "links to others": page(body=_first(5) + "<ul><li>Article réservé aux abonnés La foire</li></ul>"),
    "about paywalls": page(
        body=_first(5)
        + "<p>« Cet article est réservé aux abonnés », lisent désormais les internautes de La Gazette.</p>"
    ),
    "a newsletter": page(body=_first(3) + "<p>Inscrivez-vous à notre newsletter pour lire la suite de l’actualité</p>"),
    "an offer beside it": page(body=_first(5) + "<aside><p>Abonnez-vous à partir de 1 € par mois</p></aside>"),
}
