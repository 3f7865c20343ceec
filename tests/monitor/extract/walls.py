"""Pages that stand in an article's place, in the wording of those who put them there, and pages that only mention it.

The sites are invented; the wording is that of the products, shortened.
"""

from __future__ import annotations

from tests.monitor.extract.pages import PARAGRAPHS, page

_PURPOSES = """\
Avec votre accord, nos 842 partenaires et nous utilisons des cookies ou technologies similaires pour stocker, \
consulter \
et traiter des données personnelles telles que votre visite sur ce site internet, les adresses IP et les \
identifiants de \
cookie.
Certains partenaires ne demandent pas votre consentement pour traiter vos données et se fondent sur leur intérêt \
commercial légitime. À tout moment, vous pouvez retirer votre consentement ou vous opposer au traitement des données.
Nos partenaires et nous-mêmes traitons les données comme suit : données de géolocalisation précises et \
identification par \
analyse de l'appareil, publicités et contenu personnalisés, mesure de performance des publicités et du contenu, études \
d'audience et développement de services, stocker et/ou accéder à des informations sur un appareil."""


def _walled(title: str, *paragraphs: str, buttons: str = "") -> str:
    told = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        f'<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body><main><div><h1>{title}</h1>{told}<div>{buttons}</div></div></main></body></html>"
    )


CONSENT = {
    "didomi": _walled(
        "La Gazette de Lutèce",
        *_PURPOSES.split("\n"),
        buttons="<button>Continuer sans accepter →</button><button>Accepter & Fermer</button>",
    ),
    "didomi, to pay or to accept": _walled(
        "Le gel frappe les vignes du Vexin",
        "Le respect de votre vie privée est notre priorité",
        *_PURPOSES.split("\n"),
        "Si vous refusez les traceurs, vous pouvez vous abonner à partir de 2 euros par mois et lire sans publicité "
        "ciblée.",
        buttons="<button>S'abonner</button><button>Accepter et continuer</button>",
    ),
    "sourcepoint": _walled(
        "Gestion des cookies",
        "La Gazette et ses partenaires utilisent des traceurs",
        "Nous et nos 210 partenaires stockons et/ou accédons à des informations sur un terminal et traitons des "
        "données "
        "personnelles, comme les identifiants uniques et les informations standards envoyées par un terminal. Vos "
        "choix "
        "s'appliqueront à ce site uniquement, pendant 6 mois.",
        buttons="<button>Tout accepter</button><button>Tout refuser</button><button>Paramétrer</button>",
    ),
    "onetrust": _walled(
        "Nous respectons votre vie privée",
        "En cliquant sur « Accepter tous les cookies », vous acceptez le stockage de cookies sur votre appareil pour "
        "améliorer la navigation sur le site, analyser son utilisation et contribuer à nos efforts de marketing.",
        buttons="<button>Paramètres des cookies</button><button>Autoriser tous les cookies</button>",
    ),
    "axeptio": _walled(
        "On ne vous refait pas le coup des cookies",
        "Bonjour, c'est nous... les cookies ! On a attendu d'être sûrs que le contenu de ce site vous intéresse "
        "avant de "
        "vous déranger, mais on aimerait bien vous accompagner pendant votre visite. C'est OK pour vous ?",
        buttons="<button>Non merci</button><button>Je choisis</button><button>OK pour moi</button>",
    ),
    "quantcast": _walled(
        "Nous tenons à votre vie privée",
        "Nous et nos partenaires stockons et accédons à des informations non sensibles issues de votre terminal, "
        "comme des "
        "cookies ou l'identifiant unique d'un appareil, et traitons des données personnelles comme les adresses IP.",
        buttons="<button>PLUS D'OPTIONS</button><button>J'ACCEPTE</button>",
    ),
    "the search engine's": _walled(
        "Avant d'accéder à Google",
        "Nous utilisons des cookies et des données pour fournir les services, en assurer la maintenance et mesurer "
        "l'engagement de l'audience.",
        buttons="<button>Tout refuser</button><button>Tout accepter</button>",
    ),
}
BLOCKED = {
    "cloudflare, waiting": _walled("Just a moment...", "Enable JavaScript and cookies to continue"),
    "cloudflare, in French": _walled(
        "Un instant…",
        "www.gazette.example",
        "Vérification que vous n'êtes pas un robot. Cela peut prendre quelques secondes.",
        "www.gazette.example doit vérifier la sécurité de votre connexion avant de continuer.",
        "Ray ID : 8a1b2c3d4e5f Performances et sécurité par Cloudflare",
    ),
    "cloudflare, refused": _walled(
        "Attention Required! | Cloudflare",
        "Sorry, you have been blocked",
        "You are unable to access gazette.example",
        "This website is using a security service to protect itself from online attacks. The action you just performed "
        "triggered the security solution. There are several actions that could trigger this block including "
        "submitting a "
        "certain word or phrase, a SQL command or malformed data.",
        "You can email the site owner to let them know you were blocked. Please include what you were doing when "
        "this page "
        "came up and the Cloudflare Ray ID found at the bottom of this page.",
    ),
    "datadome": _walled("gazette.example", "Please enable JS and disable any ad blocker"),
    "datadome, in French": _walled(
        "Accès temporairement restreint",
        "Nous avons détecté une activité inhabituelle sur votre appareil ou votre réseau. Faites glisser vers la "
        "droite "
        "pour compléter le puzzle et confirmer que vous êtes humain.",
    ),
    "akamai": _walled(
        "Access Denied",
        'You don\'t have permission to access "http://www.gazette.example/monde/" on this server.',
        "Reference #18.5c0a1702.1716812345.1a2b3c4d",
    ),
    "perimeterx": _walled(
        "Access to this page has been denied",
        "Press & Hold to confirm you are a human (and not a bot).",
    ),
    "incapsula": _walled("", "Request unsuccessful. Incapsula incident ID: 443000270052712345-88776655"),
    "a firewall": _walled("Accès refusé", "Votre adresse IP a été bloquée par mesure de sécurité. Code : 1020."),
    "no script": _walled(
        "La Gazette", "Cette application nécessite JavaScript. Veuillez activer JavaScript dans votre navigateur."
    ),
}
ABSENT = {
    "not found": _walled(
        "Page introuvable - La Gazette",
        "Oups ! La page que vous recherchez n'existe pas ou a été déplacée. Retournez à l'accueil ou utilisez la "
        "recherche.",
    ),
    "404": _walled(
        "Erreur 404", "Nous sommes désolés, cette page n'est plus disponible. Elle a peut-être été supprimée."
    ),
    "in English": _walled("404 Not Found", "The page you requested could not be found on this server. Please check."),
}
BANNER = (
    '<div id="didomi-host"><div role="dialog"><h2>Votre vie privée</h2><p>'
    + "</p><p>".join(_PURPOSES.split("\n"))
    + "</p><button>Continuer sans accepter</button><button>Accepter & Fermer</button></div></div>"
)
_ABOUT_COOKIES = (
    (
        "La Cnil a infligé hier une amende de dix millions d'euros à un marchand en ligne qui déposait des cookies "
        "avant que "
        "l'internaute ait pu refuser. « Continuer sans accepter » n'était pas proposé, constate l'autorité dans sa "
        "décision."
    ),
    (
        "L'entreprise dispose de trois mois pour corriger son bandeau. Elle annonce qu'elle fera appel devant le "
        "Conseil "
        "d'État, au motif que ses partenaires stockaient eux-mêmes les traceurs et que le consentement était recueilli "
        "ensuite."
    ),
    (
        "C'est la quatrième sanction de l'année. Plusieurs associations demandent que les sites de presse, qui "
        "laissent le "
        "choix entre accepter et payer, soient contrôlés à leur tour, et que les plaintes soient instruites plus vite."
    ),
)
_ABOUT_ROBOTS = (
    (
        "Le site du Trésor public est resté inaccessible mardi. « Vérification que vous n'êtes pas un robot », "
        "lisait-on sur "
        "des millions d'écrans, le jour même où la déclaration de revenus devait être envoyée par les contribuables."
    ),
    (
        "L'administration a reporté la date limite d'une semaine. Une attaque par déni de service avait commencé dans "
        "la nuit, "
        "selon l'agence chargée de la sécurité des systèmes d'information, et le captcha devait en limiter les effets."
    ),
)
ARTICLES = {
    "with a banner over it": page(around=BANNER),
    "with a banner at its end": page().replace("</body>", f"{BANNER}</body>"),
    "on cookies": page(body="".join(f"<p>{each}</p>" for each in _ABOUT_COOKIES)),
    "a brief on cookies": page(body=f"<p>{_ABOUT_COOKIES[0]}</p>"),
    "on robots": page(body="".join(f"<p>{each}</p>" for each in _ABOUT_ROBOTS)),
    "on pages that are gone": page(
        body=f"<p>{PARAGRAPHS[0]}</p><p>La page n'existe pas sur le site de la préfecture.</p>"
    ),
    "with a hint for those without scripts": page(
        around="<noscript>Veuillez activer JavaScript dans votre navigateur.</noscript>"
    ),
    "a brief with a hint": page(
        body=f"<p>{PARAGRAPHS[0]}</p>", around="<p>Veuillez activer JavaScript pour voir la vidéo.</p>"
    ),
}
