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
    Question("care_1", "Q1_5", "care", "J'ai été traité avec gentillesse.", 3),
    Question("recognition_1", "Q1_6", "recognition", "Ma fidélité a été reconnue à sa valeur.", -1),
    Question("competence_1", "Q1_7", "competence", "Mon interlocuteur savait établir une bonne relation.", 2),
    Question("ease_1", "Q1_8", "ease", "J'ai dû répéter plusieurs fois ma demande.", -4, True),
    Question("time_1", "Q1_9", "time", "On a pris le temps nécessaire avec moi.", -2),
    Question("joy_1", "Q1_10", "joy", "J'ai eu plaisir à échanger avec l'agence.", 1),
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

MANAGERS = [
    Question("trust_1", "M1[SQ001]", "trust", "Je tiens les promesses faites à mon équipe.", 0),
    Question("trust_2", "M1[SQ002]", "trust", "Je dis la vérité à mon équipe, même quand elle dérange.", -2),
    Question(
        "listening_1", "M1[SQ003]", "listening", "Quand quelqu'un me parle, je l'écoute jusqu'au bout.", 1
    ),
    Question("listening_2", "M1[SQ004]", "listening", "Ce que mon équipe me signale reçoit une réponse.", -3),
    Question(
        "sincerity_1", "M1[SQ005]", "sincerity", "Je m'intéresse vraiment à chaque membre de mon équipe.", -1
    ),
    Question("care_1", "M1[SQ006]", "care", "Je traite chacun avec gentillesse.", 3),
    Question(
        "recognition_1", "M1[SQ007]", "recognition", "Je reconnais le travail de mon équipe à sa valeur.", -5
    ),
    Question(
        "recognition_2",
        "M1[SQ008]",
        "recognition",
        "Ce que mon équipe reçoit est juste au regard de ce qu'elle donne.",
        -6,
    ),
    Question(
        "initiative_1",
        "M2[SQ001]",
        "initiative",
        "Chacun peut prendre une initiative sans me demander la permission.",
        1,
    ),
    Question(
        "initiative_2", "M2[SQ002]", "initiative", "Je ne reproche à personne une initiative qui échoue.", -2
    ),
    Question(
        "cooperation_1",
        "M2[SQ003]",
        "cooperation",
        "Mon équipe aide les autres quand elles en ont besoin.",
        2,
    ),
    Question("cooperation_2", "M2[SQ004]", "cooperation", "Je partage ce que je sais.", 3),
    Question(
        "values_1", "M2[SQ005]", "values", "Les valeurs que nous affichons sont celles que je fais vivre.", -2
    ),
    Question("time_1", "M2[SQ006]", "time", "J'expédie les échanges avec mon équipe.", -1, True),
]
"""What employees are asked of their managers, in the manager's own voice: same idea, same verb."""

BUYERS = [
    Question("trust_1", "Nos partenaires tiennent leurs engagements envers nous.", "trust", "", 1),
    Question("listening_1", "Nos remarques reçoivent une réponse de nos partenaires.", "listening", "", 0),
    Question(
        "sincerity_1",
        "Nos partenaires nous parlent franchement, sans discours convenu.",
        "sincerity",
        "",
        0,
    ),
    Question(
        "recognition_1",
        "Notre travail est reconnu de nos partenaires à sa juste valeur.",
        "recognition",
        "",
        -3,
    ),
    Question(
        "ease_1", "Travailler avec nos partenaires nous demande trop de démarches.", "ease", "", -2, True
    ),
    Question("cooperation_1", "Nos partenaires partagent avec nous ce qu'ils savent.", "cooperation", "", 2),
    Question("values_1", "Nos partenaires vivent les valeurs qu'ils affichent.", "values", "", 1),
]
"""What partners are asked of the agency, asked of our people about the partners."""


class Ideal(NamedTuple):
    """A value the group proclaims: the columns of both its questions, and their levels against the whole."""

    code: str
    fr: str
    proclaimed: str
    lived: str
    proclaimed_shift: float
    lived_shift: float


VALUES = [
    Ideal("kept_word", "la parole tenue", "G4[SQ002]", "G4[SQ003]", 15, -5),
    Ideal("mutual_help", "l'entraide", "G4[SQ004]", "G4[SQ005]", 3, 3),
    Ideal("high_standards", "l'exigence", "G4[SQ006]", "G4[SQ007]", 4, -2),
]
FAIR_PAY = Question("fair_pay", "G4[SQ001]", "", "Ma rémunération est juste au regard de mon travail.", -12)

AGREEMENT = [
    "Pas du tout d'accord",
    "Plutôt pas d'accord",
    "Ni d'accord ni pas d'accord",
    "Plutôt d'accord",
    "Tout à fait d'accord",
]
NO_OPINION = "Sans opinion"
