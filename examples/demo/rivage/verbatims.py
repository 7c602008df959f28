"""Invented French comments, fragments drawn by mood: no real person or message is quoted."""

from __future__ import annotations

import numpy as np

PLEASED = [
    "On m'a rappelé le jour même, comme promis.",
    "Accueil chaleureux, on se sent attendu.",
    "La conseillère a pris le temps de tout m'expliquer, sans me presser.",
    "Enfin quelqu'un qui écoute avant de répondre !",
    "Dossier réglé en deux échanges ; rien à redire.",
    "Très bonne surprise : une erreur reconnue, puis corrigée.",
    "Le technicien s'est souvenu de ma précédente demande.",
    "Je suis venu inquiet et reparti rassuré.",
    "Équipe souriante, même un lundi de pluie.",
    "On ne m'a pas récité un texte, on m'a parlé.",
    "Facture claire et conforme au devis, c'est assez rare pour être noté.",
    "Le rendez-vous a commencé à l'heure.",
    "Ils m'ont déconseillé l'option la plus chère : j'apprécie la franchise.",
    "Un vrai suivi, avec un nom et un numéro direct.",
    "Travail soigné, chantier laissé propre.",
    "Merci pour la patience avec mon père, qui entend mal.",
    "Service au rendez-vous depuis trois ans.",
    'Réponse "humaine" et précise à la fois.',
    "Tout s'est fait par téléphone, simplement.",
    "J'ai senti que ma demande comptait.",
]
DISPLEASED = [
    "J'ai expliqué trois fois la même chose à trois personnes.",
    "Personne ne rappelle, il faut insister.",
    "Le conseiller lisait son écran sans me regarder.",
    "Délai annoncé : une semaine ; délai réel : un mois.",
    "On m'a promis un geste que j'attends toujours.",
    "Impossible de savoir qui suit mon dossier.",
    "Trop de changements d'interlocuteur cette année.",
    "Le site renvoie vers l'agence, l'agence renvoie vers le site.",
    "Réponse toute faite à une question précise.",
    "L'intervention a été reportée sans prévenir.",
    "On sent une équipe à bout, ce n'est pas leur faute.",
    "Le devis ne correspondait pas à la facture.",
    "Vingt minutes d'attente, puis la ligne a coupé.",
    "J'ai eu l'impression de déranger.",
    "Les excuses étaient polies, le problème reste entier.",
    "Il faut tout réclamer par écrit.",
    "Depuis le départ des anciens, plus rien ne suit.",
    "On parle beaucoup de relation, on la voit peu.",
]
MIXED = [
    "Correct, sans plus.",
    "Bon contact, mais trop long.",
    "Le fond est bon, la forme à revoir.",
    "Rien de particulier à signaler.",
    "Cela dépend beaucoup de la personne sur qui l'on tombe.",
    "Prix en hausse, qualité stable.",
    "Horaires peu pratiques quand on travaille.",
    "À suivre.",
]
# What people write although nobody asked. The number and the domain are reserved for fiction.
PERSONAL = [
    "Vous pouvez me joindre au 01 99 00 45 12 le matin.",
    "Écrivez-moi à client.mecontent@exemple.example, merci.",
]

STAFF_PLEASED = [
    "Bonne ambiance, on s'entraide.",
    "Mon responsable tient parole.",
    "On peut proposer sans être jugé.",
    "Fier de travailler ici, cœur à l'ouvrage.",
    "Les réunions du matin nous font du bien.",
    "Formation utile, à refaire chaque année.",
    "Je me sens écoutée.",
]
STAFF_DISPLEASED = [
    "Trop de reporting, pas assez de temps avec les clients.",
    "On demande aux équipes une attention qu'elles ne reçoivent pas.",
    "Les remontées restent sans réponse.",
    "Deux départs non remplacés, la charge est pour nous.",
    "Aucune reconnaissance, à part un courriel en décembre.",
    "Les règles changent sans explication.",
    "On nous parle de valeurs ; au quotidien on ne les voit pas.",
    "Plannings donnés la veille.",
]
STAFF_MIXED = [
    "Rien à ajouter.",
    "Ça va.",
    "Des progrès, encore lents.",
    "Équipe solide, outils dépassés.",
    "À voir l'an prochain.",
]


def _drawn(rng: np.random.RandomState, pool: list[str]) -> str:
    return pool[rng.randint(len(pool))]


def _compose(
    rng: np.random.RandomState, mood: float, pleased: list[str], displeased: list[str], mixed: list[str]
) -> str:
    """One or two fragments whose tone follows `mood` (0–100 points), sometimes on two lines."""
    pool = mixed if rng.rand() < 0.12 else pleased if mood + 12 * rng.standard_normal() > 60 else displeased
    first = _drawn(rng, pool)
    if rng.rand() < 0.7:
        return first
    return first + ("\n" if rng.rand() < 0.2 else " ") + _drawn(rng, mixed if rng.rand() < 0.5 else pool)


def client(rng: np.random.RandomState, mood: float) -> str:
    """A client's comment, or nothing for three clients in four."""
    if rng.rand() > 0.25:
        return ""
    text = _compose(rng, mood, PLEASED, DISPLEASED, MIXED)
    return f"{text} {_drawn(rng, PERSONAL)}" if rng.rand() < 0.01 else text


def employee(rng: np.random.RandomState, mood: float) -> str:
    """An employee's comment, or nothing for four in five."""
    return _compose(rng, mood, STAFF_PLEASED, STAFF_DISPLEASED, STAFF_MIXED) if rng.rand() < 0.2 else ""
