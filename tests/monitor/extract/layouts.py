"""Layouts of the French press, written for this project: each shows one article among all that surrounds it.

`LAYOUTS` holds the pages, `ARTICLE` the text that readers would call the article: its standfirst and its paragraphs.
"""

from __future__ import annotations

import json

CHAPO = (
    "La cour des comptes régionale épingle la gestion du port de plaisance de Port-Lutèce, dont la dette a "
    "triplé en six "
    "ans. La municipalité promet un plan de redressement avant l'été."
)
TEXT = (
    (
        "Le rapport, que La Gazette a pu consulter, tient en quatre-vingts pages. Il décrit une gestion « dépourvue de "
        "boussole », des travaux engagés sans étude préalable et des loyers jamais réclamés à plusieurs clubs "
        "nautiques."
    ),
    (
        "« Nous avons hérité d'une situation que personne ne voulait regarder en face », se défend le maire, "
        "Bertrand Kermadec, "
        "élu en 2020. L'édile rappelle que la décision de creuser un second bassin avait été prise par ses "
        "prédécesseurs."
    ),
    (
        "Selon les magistrats, la dette de la régie est passée de 4,2 à 13,1 millions d'euros entre 2018 et 2024. "
        "Les recettes, "
        "elles, n'ont progressé que de 8 % sur la même période, alors que le nombre d'anneaux augmentait d'un tiers."
    ),
    (
        "L'opposition demande la démission de l'adjoint chargé du littoral. « On ne peut pas confier un budget de "
        "cette taille à "
        "un élu qui n'a jamais réuni sa commission », tranche la conseillère Maëlle Le Goff, qui a saisi le préfet "
        "en mars."
    ),
    (
        "Le directeur du port, arrivé il y a dix-huit mois, assure que les comptes seront à l'équilibre en 2027. Il "
        "mise sur une "
        "hausse des tarifs de 12 % et sur la location de quarante places à l'année, jusqu'ici réservées aux bateaux "
        "de passage."
    ),
    (
        "Les plaisanciers, eux, s'inquiètent. « On paie déjà plus cher qu'à Saint-Aubin, et les pontons ne sont "
        "même pas "
        "éclairés », soupire Yannick, retraité, dont le voilier est amarré ici depuis 1998. Une réunion publique "
        "aura lieu le 12."
    ),
)
TITLE = "À Port-Lutèce, la dette du port de plaisance a triplé en six ans"
ARTICLE = "\n".join((CHAPO, *TEXT))

_NAV = (
    '<nav class="menu"><ul><li><a href="/">Accueil</a></li><li><a href="/politique">Politique</a></li>'
    '<li><a href="/economie">Économie</a></li><li><a href="/sport">Sport</a></li><li><a '
    'href="/abo">S\'abonner</a></li></ul></nav>'
)
_RELATED = (
    '<section class="related"><h2>Sur le même sujet</h2><ul>'
    '<li><a href="/a">Port-Lutèce : le second bassin inauguré sous la pluie</a></li>'
    '<li><a href="/b">Littoral : les ports bretons face à la montée des eaux</a></li>'
    '<li><a href="/c">Budget : la ville vote une hausse de la taxe foncière</a></li></ul></section>'
)
_MOST_READ = (
    '<aside class="sidebar"><h3>Les plus lus</h3><ol><li><a href="/1">Tempête : la rade fermée jusqu\'à '
    "vendredi</a></li>"
    '<li><a href="/2">Rugby : Lutèce s\'incline à domicile</a></li><li><a href="/3">Recette : le kouign-amann de '
    "mamie</a></li></ol></aside>"
)
_FOOTER = (
    '<footer><p>© La Gazette de Lutèce - Tous droits réservés</p><ul><li><a href="/cgu">CGU</a></li>'
    '<li><a href="/mentions">Mentions légales</a></li><li><a href="/cookies">Gestion des cookies</a></li></ul></footer>'
)
_NEWSLETTER = (
    '<div class="newsletter"><h3>Votre newsletter du matin</h3><p>Recevez chaque jour l\'essentiel de '
    "l'actualité du littoral "
    'directement dans votre boîte mail.</p><input placeholder="Votre adresse e-mail"><button>Je m\'inscris</button>'
    "<p>Votre adresse est utilisée par La Gazette pour vous envoyer sa newsletter. Vous pouvez vous désinscrire "
    "à tout moment.</p></div>"
)
_COMMENTS = (
    '<section id="comments" class="comments"><h2>3 commentaires</h2><div class="comment"><b>marin29</b><p>Encore '
    "un scandale, et "
    'ce sont toujours les mêmes qui paient.</p></div><div class="comment"><b>Goéland</b><p>Il fallait s\'y '
    "attendre avec le second "
    "bassin, je l'avais dit en 2019.</p></div><p>Connectez-vous pour laisser un commentaire</p></section>"
)
_SHARE = (
    '<div class="share-bar"><span>Partager</span><a href="#">Facebook</a><a href="#">X</a><a href="#">Copier le '
    "lien</a>"
    "<a href='#'>Envoyer par e-mail</a></div>"
)


def _paragraphs(*between: str, tag: str = "p", css: str = "") -> str:
    """Return the paragraphs with these boxes after the second, the fourth and so on."""
    boxes = dict(zip((2, 4, 5), between, strict=False))
    attribute = f' class="{css}"' if css else ""
    return "".join(f"<{tag}{attribute}>{each}</{tag}>{boxes.get(at, '')}" for at, each in enumerate(TEXT, start=1))


def _page(body: str, *, head: str = "") -> str:
    return (
        f'<!doctype html><html lang="fr-FR"><head><meta charset="utf-8"><title>{TITLE} - La Gazette de Lutèce</title>'
        f'<meta property="og:title" content="{TITLE}"><meta name="description" '
        f'content="{CHAPO}">{head}</head><body>{body}</body></html>'
    )


LAYOUTS = {
    "national daily": _page(
        f'<header>{_NAV}</header><main><section class="article__wrapper"><header class="article__header">'
        f'<h1 class="article__title">{TITLE}</h1><p class="article__desc">{CHAPO}</p>'
        '<section class="meta"><p class="meta__author">Par <a href="/x">Anne Lenoir</a></p>'
        '<p class="meta__date">Publié le 16 mai 2024 à 08h30, modifié le 16 mai 2024 à 11h02</p>'
        '<p class="meta__reading">Temps de Lecture 3 min.</p></section></header>'
        f'<section class="services">{_SHARE}</section><article class="article__content">'
        + _paragraphs(
            '<div class="inread"><p class="inread__title"><span>Lire aussi :</span> <a href="/d">Ports : la '
            "facture cachée de la "
            "plaisance</a></p></div>",
            '<figure class="article__media"><img src="x.jpg"><figcaption>Le port de plaisance de Port-Lutèce, le '
            "14 mai. "
            "LUC PETIT POUR « LA GAZETTE »</figcaption></figure>",
            css="article__paragraph",
        )
        + f"</article>{_NEWSLETTER}{_RELATED}</section></main>{_FOOTER}"
    ),
    "regional daily": _page(
        f'{_NAV}<div class="container"><div class="row"><div class="col-8"><div class="breadcrumb"><a>Accueil</a> &gt; '
        f'<a>Bretagne</a> &gt; <a>Port-Lutèce</a></div><h1>{TITLE}</h1><div class="chapo">{CHAPO}</div>'
        '<div class="signature">La Gazette <span>Anne LENOIR.</span> Publié le <time '
        f'datetime="2024-05-16T08:30">16/05/2024 à 08h30'
        f"</time></div>{_SHARE}<div class='newsletter-inline'>Abonnez-vous à la newsletter Bretagne</div><div "
        f"class='article-body'>"
        + _paragraphs(
            '<div class="ad">Publicité</div>',
            '<div class="a-lire"><strong>À LIRE AUSSI. </strong><a href="/z">Le second bassin inauguré</a></div>',
        )
        + f'</div><div class="tags"><a>Port-Lutèce</a><a>Politique</a><a>Plaisance</a></div>{_COMMENTS}</div>'
        f'<div class="col-4">{_MOST_READ}</div></div></div>{_FOOTER}'
    ),
    "blog engine": _page(
        f'<div id="page">{_NAV}<div id="content"><article class="post type-post hentry '
        f'category-politique"><header class="entry-header">'
        f'<h1 class="entry-title">{TITLE}</h1><div class="entry-meta">16 mai 2024 par <span class="author '
        f'vcard"><a class="fn">Anne '
        f'Lenoir</a></span> | 3 commentaires</div></header><div class="entry-content"><p><strong>{CHAPO}</strong></p>'
        + _paragraphs(
            '<div class="wp-block-image"><figure><img src="y.jpg"><figcaption>Photo Luc '
            "Petit</figcaption></figure></div>"
        )
        + f'<div class="sharedaddy"><h3>Partager :</h3><ul><li>Twitter</li><li>Facebook</li></ul></div><div '
        f'class="jp-relatedposts"><h3>'
        f"Articles similaires</h3><p>Le second bassin inauguré sous la "
        f"pluie</p></div></div></article>{_COMMENTS}</div>{_MOST_READ}</div>{_FOOTER}"
    ),
    "independent, SPIP": _page(
        f'<div id="conteneur">{_NAV}<div id="contenu"><div class="cartouche"><p class="surtitre">Enquête</p><h1 '
        f'class="crayon titre">'
        f'{TITLE}</h1><p class="info-publi">jeudi 16 mai 2024, par <span class="auteurs">Anne Lenoir</span></p></div>'
        f'<div class="crayon chapo"><p>{CHAPO}</p></div><div class="crayon texte surlignable">'
        + _paragraphs(
            "<h3 class='spip'>Des loyers jamais réclamés</h3>", "<h3 class='spip'>L'opposition s'en mêle</h3>"
        )
        + f'</div><div class="notes"><p>[1] Le rapport est en '
        f"ligne.</p></div></div>{_RELATED}{_COMMENTS}</div>{_FOOTER}"
    ),
    "magazine": _page(
        f'{_NAV}<main role="main"><div class="hero"><h1>{TITLE}</h1></div><div class="content-wrapper"><div '
        f'class="article-chapo"><h2>'
        f'{CHAPO}</h2></div><div class="author-card"><img><span>Anne Lenoir</span><p>Journaliste au service '
        f"enquêtes, elle suit le littoral "
        'depuis dix ans.</p></div><div class="article-text">'
        + _paragraphs(
            '<blockquote class="pullquote">« Une situation que personne ne voulait regarder en face »</blockquote>',
            '<div class="read-also"><p>À lire également</p><a href="/q">Littoral : les ports face à la montée '
            "des eaux</a></div>",
        )
        + f"</div>{_NEWSLETTER}</div></main>{_RELATED}{_FOOTER}"
    ),
    "AMP": _page(
        f"<header><a href='/'>La Gazette</a></header><amp-sidebar><ul><li><a "
        f"href='/p'>Politique</a></li></ul></amp-sidebar><article>"
        f"<h1>{TITLE}</h1><p class='chapo'>{CHAPO}</p><amp-img src='x.jpg' width='600' height='400'></amp-img><p "
        f"class='legende'>Le port. "
        "Luc Petit</p>"
        + _paragraphs("<amp-ad width='300' height='250'></amp-ad>")
        + f"</article><amp-list>{_RELATED}</amp-list>{_FOOTER}"
    ),
    "tables": _page(
        "<table width='760' align='center'><tr><td colspan='3'>La Gazette de Lutèce</td></tr><tr><td width='120' "
        f"valign='top'>"
        "<a href='/'>Accueil</a><br><a href='/p'>Politique</a><br><a href='/e'>Économie</a></td><td "
        f"valign='top'><font size='5'><b>"
        f"{TITLE}</b></font><br><br><b>{CHAPO}</b><br><br>"
        + "<br><br>".join(TEXT)
        + "<br><br><i>Anne Lenoir</i></td><td width='150' valign='top'><b>Les plus lus</b><br><a "
        "href='/1'>Tempête : la rade fermée</a><br>"
        "<a href='/2'>Rugby : Lutèce s'incline</a></td></tr><tr><td colspan='3'>Copyright La Gazette - Tous "
        "droits réservés</td></tr></table>"
    ),
    "divs only": _page(
        f'<div class="c-header">{_NAV}</div><div class="c-main"><div class="c-title">{TITLE}</div><div '
        f'class="c-lead">{CHAPO}</div>'
        '<div class="c-author">Par Anne Lenoir</div><div class="c-text">'
        + _paragraphs(tag="div")
        + f"</div>{_SHARE}</div>{_RELATED}{_FOOTER}"
    ),
    "line breaks": _page(
        f"{_NAV}<h1>{TITLE}</h1><div class='article'><b>{CHAPO}</b><br/><br/>"
        + "<br/><br/>".join(TEXT)
        + f"</div>{_MOST_READ}{_FOOTER}"
    ),
    "live": _page(
        f"{_NAV}<main><article><h1>EN DIRECT. {TITLE}</h1><p class='chapo'>{CHAPO}</p><div class='live'>"
        + "".join(
            f"<div class='live-post' id='p{at}'><time "
            f"datetime='2024-05-16T{10 + at}:00:00+02:00'>{10 + at}h00</time><div><p>{each}</p></div>"
            "<div class='share'>Partager</div></div>"
            for at, each in enumerate(TEXT)
        )
        + f"</div></article></main>{_RELATED}{_FOOTER}"
    ),
    "boxes everywhere": _page(
        f"{_NAV}<main><article><h1>{TITLE}</h1><p class='standfirst'>{CHAPO}</p>{_SHARE}"
        + _paragraphs(
            _RELATED + "<div class='pub'>Publicité</div>",
            _NEWSLETTER,
            "<p><a href='/v'><b>VIDÉO.</b> Le port vu du ciel</a></p>",
        )
        + f"<p class='credit'>Crédit photo : Luc Petit</p>{_SHARE}<div class='outbrain'><h3>Contenus "
        f"sponsorisés</h3><p>Cette astuce "
        f"fait fondre les factures d'électricité</p><p>Les médecins sont "
        f"stupéfaits</p></div></article></main>{_COMMENTS}{_MOST_READ}{_FOOTER}"
    ),
    "long comments": _page(
        f"{_NAV}<main><h1>{TITLE}</h1><div class='post'><p>{CHAPO}</p>"
        + _paragraphs()
        + f"</div></main>{_COMMENTS * 8}{_FOOTER}"
    ),
    "subheadings and a list": _page(
        f"{_NAV}<main><article><h1>{TITLE}</h1><p class='intro'>{CHAPO}</p>"
        + "".join(f"<p>{each}</p>" for each in TEXT[:3])
        + "<ul>"
        + "".join(f"<li>{each}</li>" for each in TEXT[3:5])
        + f"</ul><p>{TEXT[5]}</p></article></main>{_RELATED}{_FOOTER}"
    ),
    "JSON-LD only": _page(
        f"<div id='root'></div>{_FOOTER}",
        head='<script type="application/ld+json">'
        + json.dumps({"@type": "NewsArticle", "headline": TITLE, "articleBody": ARTICLE})
        + "</script>",
    ),
}
