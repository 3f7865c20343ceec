"""What French newspapers put before a surname. After them `Moscou` or `Chinois` is somebody's name, not a country's."""

from __future__ import annotations

from typing import Final

__all__ = ["FIRST_NAMES", "RACING", "TITLES"]

TITLES: Final = frozenset(
    "M. MM. Mme Mmes Mlle Me Dr Pr Monsieur Madame Maître Docteur Professeur monsieur madame maître docteur"
    " professeur".split()
)

# Usual first names of people born in France since 1930. Those that are also ordinary words before a country's name
# (Marine, Pierre, Rose, Victoire, France, Christian) are left out: `la Marine chinoise`, `Pierre russe`.
FIRST_NAMES: Final = frozenset("né née veuve".split()) | frozenset(
    "Adrien Agathe Agnès Alain Albert Alexandra Alexandre Alexis Alice Aline Amandine Amélie Anaïs André Andrée"
    " Anna Anne Annick Annie Anthony Antoine Antonin Arlette Armand Arnaud Arthur Audrey Aurélie Aurélien Axel"
    " Baptiste Bastien Béatrice Benjamin Benoît Bernadette Bernard Bertrand Brigitte Bruno Camille Carole Caroline"
    " Catherine Cécile Cédric Céline Chantal Charles Charlotte Chloé Christelle Christiane Christine Christophe"
    " Claire Clara Claude Claudine Clément Colette Corinne Cyril Damien Daniel Danielle David Delphine Denis"
    " Denise Didier Dominique Dylan Edgar Édith Édouard Élise Élisabeth Émile Émilie Emma Emmanuel Emmanuelle Éric"
    " Estelle Étienne Eugène Eva Évelyne Fabien Fabrice Fanny Fernand Florence Florian Francine Francis Franck"
    " François Françoise Frédéric Gabriel Gaëlle Gaston Geneviève Georges Gérard Germaine Ghislaine Gilbert Gilles"
    " Ginette Grégory Guillaume Gustave Guy Hélène Henri Henriette Hervé Hugo Hugues Inès Irène Isabelle"
    " Jacqueline Jacques Jean Jeanne Jeannine Jérémy Jérôme Joël Joëlle Jonathan Joseph Josette Josiane Jules"
    " Julie Julien Juliette Karine Kevin Kévin Laëtitia Laura Laure Laurence Laurent Léa Léo Léon Lionel Loïc"
    " Louis Louise Luc Lucas Lucette Lucie Lucien Lucienne Ludovic Madeleine Manon Marc Marcel Marcelle Marguerite"
    " Maria Marie Marion Marthe Martial Martine Mathieu Mathilde Matthieu Maurice Maxime Mélanie Michel Michèle"
    " Micheline Mickaël Monique Morgane Muriel Mylène Nadège Nadine Nathalie Nicolas Nicole Noël Noémie Odette"
    " Odile Olivier Pascal Pascale Patrice Patricia Patrick Paul Paule Paulette Pauline Philippe Quentin Raphaël"
    " Raymond Raymonde Régine Régis Rémi Rémy Renaud René Renée Richard Robert Roger Roland Romain Roselyne Sabine"
    " Samuel Sandra Sandrine Sarah Sébastien Serge Séverine Simon Simone Solange Sonia Sophie Stéphane Stéphanie"
    " Suzanne Sylvain Sylvie Théo Thérèse Thibault Thierry Thomas Tristan Valentin Valérie Véronique Victor"
    " Vincent Virginie Viviane William Xavier Yann Yannick Yves Yvette Yvon Yvonne Zoé".split()
)

# Words of the racing page, folded: there, `Kiev du Bocage` is a trotter.
RACING: Final = tuple(
    "trotteur|trotteuse|galopeur|hongre|hippodrome|quinte|turf|pmu|vincennes|enghien|cagnes|cabourg|encolure|jockey"
    "|arrivee lucrative".split("|")
)
