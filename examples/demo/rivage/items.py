"""What each survey asks, in wording of our own. The declarations say the same, and a test compares."""

from __future__ import annotations

from typing import NamedTuple


class Question(NamedTuple):
    """One closed question on the dimension `target`; `shift` is its level against the whole, in points."""

    code: str
    column: str
    target: str
    fr: str
    shift: float = 0.0
    is_reversed: bool = False


EMPLOYEES = [
    Question("trust_1", "G1[SQ001]", "trust", "Dans mon agence, on tient ses promesses.", 0),
    Question("trust_2", "G1[SQ002]", "trust", "On me dit la vérité, même quand elle dérange.", -2),
    Question("listening_1", "G1[SQ003]", "listening", "Quand je parle, on m'écoute jusqu'au bout.", 1),
    Question("listening_2", "G1[SQ004]", "listening", "Ce que je signale reçoit une réponse.", -3),
    Question("sincerity_1", "G1[SQ005]", "sincerity", "Mes responsables s'intéressent vraiment à moi.", -1),
    Question("care_1", "G1[SQ006]", "care", "Je suis traité avec gentillesse.", 3),
    Question("recognition_1", "G1[SQ007]", "recognition", "Mon travail est reconnu à sa valeur.", -5),
    Question(
        "recognition_2",
        "G1[SQ008]",
        "recognition",
        "Ce que je reçois est juste au regard de ce que je donne.",
        -6,
    ),
    Question(
        "initiative_1",
        "G2[SQ001]",
        "initiative",
        "Je peux prendre une initiative sans demander la permission.",
        1,
    ),
    Question(
        "initiative_2", "G2[SQ002]", "initiative", "Une initiative qui échoue ne m'est pas reprochée.", -2
    ),
    Question("competence_1", "G2[SQ003]", "competence", "J'ai été formé à l'art de la relation.", -1),
    Question("ease_1", "G2[SQ004]", "ease", "Je perds du temps à contourner nos propres règles.", -2, True),
    Question(
        "cooperation_1", "G2[SQ005]", "cooperation", "Les autres équipes m'aident quand j'en ai besoin.", 2
    ),
    Question("cooperation_2", "G2[SQ006]", "cooperation", "Nous partageons ce que nous savons.", 3),
    Question("values_1", "G2[SQ007]", "values", "Nos valeurs affichées sont celles que nous vivons.", -2),
    Question("time_1", "G2[SQ008]", "time", "Nos échanges sont expédiés.", -1, True),
    Question("joy_1", "G2[SQ009]", "joy", "J'ai plaisir à venir travailler.", 3),
    Question(
        "client_focus_1", "G3[SQ001]", "client_focus", "Dans nos réunions, on parle d'abord des clients.", 6
    ),
]

CLIENTS = [
    Question("trust_1", "Q1_1", "trust", "L'agence a tenu ce qu'elle m'avait promis.", 1),
    Question("trust_2", "Q1_2", "trust", "On m'a dit la vérité, même quand elle n'arrangeait personne.", 0),
    Question("listening_1", "Q1_3", "listening", "On m'a écouté jusqu'au bout.", 1),
    Question("sincerity_1", "Q1_4", "sincerity", "Mon interlocuteur ne récitait pas un discours.", -1),
    Question("care_1", "Q1_5", "care", "J'ai été reçu avec gentillesse.", 3),
    Question("recognition_1", "Q1_6", "recognition", "On m'a traité comme un client qui compte.", -1),
    Question("competence_1", "Q1_7", "competence", "Mon interlocuteur savait établir une bonne relation.", 2),
    Question("ease_1", "Q1_8", "ease", "J'ai dû répéter plusieurs fois ma demande.", -4, True),
    Question("time_1", "Q1_9", "time", "On a pris le temps nécessaire avec moi.", -2),
    Question("joy_1", "Q1_10", "joy", "Cet échange m'a laissé une impression agréable.", 1),
]

PARTNERS = [
    Question("trust_1", "L'agence tient ses engagements envers nous.", "trust", "", 1),
    Question("listening_1", "Nos remarques reçoivent une réponse.", "listening", "", 0),
    Question("sincerity_1", "L'agence nous parle franchement, sans discours convenu.", "sincerity", "", 0),
    Question("recognition_1", "Notre travail est reconnu et payé à sa juste valeur.", "recognition", "", -3),
    Question("ease_1", "Travailler avec l'agence nous demande trop de démarches.", "ease", "", -2, True),
    Question("cooperation_1", "L'agence partage avec nous ce qu'elle sait.", "cooperation", "", 2),
    Question("values_1", "L'agence vit les valeurs qu'elle affiche.", "values", "", 1),
]
"""Microsoft Forms heads a column by the statement itself, so `column` is the wording."""

AGREEMENT = [
    "Pas du tout d'accord",
    "Plutôt pas d'accord",
    "Ni d'accord ni pas d'accord",
    "Plutôt d'accord",
    "Tout à fait d'accord",
]
NO_OPINION = "Sans opinion"
