"""The words on figures, in English and Dutch."""

from __future__ import annotations

from typing import Final

from krapte_sd.errors import ParameterError, nearest

__all__ = ["LANGUAGES", "say"]

LANGUAGES: Final = ("en", "nl")

_DUTCH: Final = {
    "1 January": "1 januari",
    "Beveridge curve": "Beveridgecurve",
    "Decomposition": "Uitsplitsing",
    "From one to the other": "Van het een naar het ander",
    "Labour shortage in the Netherlands": "Krapte op de Nederlandse arbeidsmarkt",
    "Need gap by region": "Tekort per regio",
    "Need gap by sector": "Tekort per sector",
    "Openings by sector, mean of": "Baanopeningen per sector, gemiddelde van",
    "age": "leeftijd",
    "central run": "centrale raming",
    "employed": "werkzaam",
    "expansion (change of employment)": "uitbreiding (verandering van de werkgelegenheid)",
    "fewer": "minder",
    "frictional, not counted in the gap": "frictie, telt niet mee in het tekort",
    "more": "meer",
    "need gap (structural + suppressed)": "tekort (structureel + onderdrukt)",
    "nine of ten members": "negen van de tien trekkingen",
    "parameter values by status": "parameterwaarden naar status",
    "per 100 persons needed": "per 100 benodigde personen",
    "relative to need": "naar verhouding van de behoefte",
    "replacement (net of direct hires, without job leavers)": "vervanging (zonder directe aannames en baanwisselaars)",
    "residents": "inwoners",
    "structural: wanted and not filled": "structureel: gewenst en niet vervuld",
    "suppressed: given up because labour is dear": "onderdrukt: opgegeven omdat arbeid duur is",
    "thousand persons": "duizend personen",
    "thousand persons a year": "duizend personen per jaar",
    "thousand persons: men (left), women (right)": "duizend personen: mannen (links), vrouwen (rechts)",
    "total": "totaal",
    "unemployed, % of the labour force": "werklozen, % van de beroepsbevolking",
    "vacancies, % of all posts": "vacatures, % van alle arbeidsplaatsen",
}


def say(text: str, language: str) -> str:
    """Give a text of a figure in a language.

    Raises
    ------
    ParameterError
        If the language is not known.
    """
    if language not in LANGUAGES:
        raise ParameterError(
            f"language={language!r}: allowed: {', '.join(LANGUAGES)}{nearest(str(language)[:20], LANGUAGES)}"
        )
    return _DUTCH[text] if language == "nl" else text
