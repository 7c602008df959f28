"""Which language a few short texts are in: enough to say why a header or its answers are not those declared."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Function words and words of answer scales; each belongs to few of these languages.
# fmt: off
WORDS = {
    "Dutch": "het een van niet ik mijn wordt zijn met voor aan bij eens oneens zeer helemaal tevreden noch mij",
    "English": "the my is are i do you your of not with how agree disagree strongly neither satisfied very would",
    "French": "le la les est une ses notre je mon ma mes du des pas avec vous votre nos nous accord tout satisfait",
    "German": "der die das ist ich mein meine nicht mit wie sie ihr stimme zu voll und ganz zufrieden sehr weder",
    "Italian": "il lo gli è mio mia non con come lei per niente molto accordo completamente soddisfatto né nostro",
    "Portuguese": "o os é eu meu minha não com como você muito acordo concordo discordo totalmente satisfeito nem",
    "Spanish": "el los es mi mis con como usted muy acuerdo totalmente satisfecho ni nuestro nuestra nada mucho sí",
}
# fmt: on
_KNOWN = {language: frozenset(words.split()) for language, words in WORDS.items()}


def language_of(texts: Iterable[str]) -> str | None:
    """The English name of the language that clearly more words belong to than to any other; None where in doubt."""
    words = [word for text in texts for word in re.findall(r"[^\W\d_]+", text.lower())]
    counts = sorted(
        ((sum(word in known for word in words), language) for language, known in _KNOWN.items()), reverse=True
    )
    (most, language), (next_most, _) = counts[0], counts[1]
    return language if most >= 3 and most >= 1.5 * next_most else None
