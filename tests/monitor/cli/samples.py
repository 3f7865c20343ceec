"""A page, a feed and rules of our own."""

from __future__ import annotations

PAGE = """<!doctype html><html lang="fr"><head><title>Kharkiv sous les bombes — La Gazette</title>
<meta property="article:published_time" content="2026-05-16T07:30:00+02:00">
<meta name="author" content="Anne Martin"></head><body><article><h1>Kharkiv sous les bombes</h1>
<p>Trois immeubles de Kharkiv ont été touchés dans la nuit par des bombes planantes russes, selon la mairie.</p>
<p>Les secours ont travaillé jusqu’à l’aube dans le quartier de Saltivka, où deux personnes restaient sous les
décombres. Moscou n’a pas commenté cette frappe, la quatrième en une semaine sur la deuxième ville d’Ukraine.</p>
<p>Le gouverneur a demandé aux habitants de rester à l’abri : de nouvelles frappes étaient attendues.</p>
</article></body></html>"""

FEED = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>La Gazette</title>
<link>SITE/</link><description>Actualités</description>
<item><guid isPermaLink="false">un</guid><title>Kharkiv sous les bombes</title><link>SITE/un.html</link>
<description>Trois immeubles touchés dans la nuit.</description><pubDate>Sat, 16 May 2026 05:30:00 GMT</pubDate></item>
<item><title>Le marché aux fleurs rouvre</title><link>SITE/deux.html</link></item>
</channel></rss>"""

HOME = """<html><head><title>La Gazette</title>
<link rel="alternate" type="application/rss+xml" title="Tout" href="/rss.xml">
<link rel="alternate" type="application/rss+xml" title="Perdu" href="/nulle-part.xml"></head><body></body></html>"""

RULE = """id: bombes
title: Bombes sur Kharkiv
level: high
terms:
  ville: {entity: kharkiv, weight: 3}
  arme: {any: [bombe, "drone*"], weight: 2}
  marche: {any: [marché], weight: 1}
condition: "ville and arme and not marche"
score: {threshold: 6}
"""

ONE_LINE = "@kharkiv PROCHE/20 drone\n"
TEXT = "Kharkiv visée\n\nDes drones sur la ville.\nDeux blessés.\n\nLe corps, à Kharkiv.\n\nLa fin.\n"
