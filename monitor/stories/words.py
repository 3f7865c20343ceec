"""Which French words say nothing of the event they are in: stop words, and those that any newspaper has every day."""

from __future__ import annotations

from typing import Final

__all__ = ["COMMON", "NUMERALS", "STOP"]

STOP: Final = frozenset(
    """
    a afin ai aient ailleurs ainsi alors apres as au aucun aucune aujourd aupres auquel aura aurait aussi autant autour
    autre autres aux auxquels avaient avait avant avec avoir ayant beaucoup bien c ca car ce ceci cela celle celles
    celui cependant certain certaine certaines certains ces cet cette ceux chacun chaque chez ci comme comment contre d
    dans de debut dehors deja dela depuis derniere dernier derniers dernieres des desormais deux devant devra devrait
    doit doivent donc dont du durant e elle elles en encore enfin ensuite entre es est et etaient etait etant etc ete
    etre eu eux fait faire fois font furent fut grand grande grands grandes h hier hors hui i il ils j jamais je jour
    jours jusqu jusque l la laquelle le lequel les lesquelles lesquels leur leurs lors lorsque lui m ma mais malgre me
    meme memes mes mieux moi moins moment mon n ne ni non nos notamment notre nous nouveau nouveaux nouvelle nouvelles
    on ont or ou outre par parce parfois parmi partie partir pas pendant peu peut peuvent plus plusieurs plutot pour
    pourquoi pourra pourrait pourtant pres presque puis puisque qu quand quant quatre que quel quelle quelles quelque
    quelques quels qui quoi rien s sa sans se selon sept sera serait seront ses seul seule seulement si sien six soit
    son sont sous souvent suite sur surtout t ta tandis tant te tel telle tels tenu tes toi ton toujours tous tout toute
    toutes tres trois trop tu un une va vers veut via voici voila vont vos votre vous vu y
    janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre
    lundi mardi mercredi jeudi vendredi samedi dimanche matin soir soiree nuit midi heure heures minute minutes semaine
    semaines mois an annee annees ans cinq huit neuf dix cent cents mille million millions milliard milliards
    """.split()
)

COMMON: Final = frozenset(
    """
    accord action activite affaire affirme afp agence agit aide ajoute annonce appel appelle apprend article assure
    attend attendu attente autorites avis avoue base besoin bilan bout bref but cadre cas cause centre chef chiffre
    choix chose cite citoyens commun communique commune compte concerne concernant conclu condition confirme conseil
    considere contexte cote coup cours cout crise croit date debat decide decision declaration declare demande demain
    dernier desormais detail developpement difficile dire direct directeur direction dispositif dit domaine donne droit
    effet election eleve elu enquete ensemble entend entreprise environ equipe espace estime etat etats etranger etude
    europe europeen europeenne evenement evoque exemple explique face facon faible famille faut femme femmes fin fois
    fonction force forme fort forte francais francaise france general generale gens gouvernement groupe guerre habitants
    haut hausse histoire homme hommes idee important importante indique information institution intervention interieur
    international jeune jeunes journal journaliste justice lance leger lieu ligne local locale loi long longtemps lutte
    main maire mairie maison majorite maniere marche matiere membre membres mesure mesures ministere ministre mise mis
    monde montre mort mot moyens municipal national nationale niveau nom nombre nombreux note objectif occasion
    operation ordre organisation origine ouvert pays paris parle parole part parti participe passe periode permet
    personne personnes petit petite place plan point police politique population porte position possible poste pouvoir
    precise premier premiere presente presidence president presse pression pret prevu prix probleme processus prochain
    procureur programme projet propos propose public publie publique puissance qualite question raison rappelle rapport
    reaction recemment reconnait region regions reponse responsable reste resultat reunion revele risque role
    rue salle secteur securite semble sens service services siege signe simple site situation societe soir solution
    source sources soutien special suivi sujet systeme temps termes territoire texte titre tour travail travaux trouve
    type unie union unis valeur vice victime vie village ville visite voie voir voix volonte vue zone
    """.split()
)

NUMERALS: Final = {
    "zero": 0,
    "un": 1,
    "deux": 2,
    "trois": 3,
    "quatre": 4,
    "cinq": 5,
    "six": 6,
    "sept": 7,
    "huit": 8,
    "neuf": 9,
    "dix": 10,
    "onze": 11,
    "douze": 12,
    "treize": 13,
    "quatorze": 14,
    "quinze": 15,
    "seize": 16,
    "vingt": 20,
    "vingts": 20,
    "trente": 30,
    "quarante": 40,
    "cinquante": 50,
    "soixante": 60,
    "cent": 100,
    "cents": 100,
    "mille": 1000,
}
