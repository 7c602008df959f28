"""The text of a drafted declaration, section by section."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from pipelines.declared import Home
from pipelines.onboarding.look import Look
from pipelines.onboarding.naming import files_pattern, wave_of
from pipelines.onboarding.pool import Guess, Item
from pipelines.onboarding.profile import Column
from pipelines.onboarding.wording import Question, Texts
from pipelines.onboarding.words import fold, words_of
from pipelines.onboarding.yaml import Raw, comment, entry, flow, listed, scalar

TODO = Raw("TODO")


class Writer:
    """One draft on its way: codes used once, anchors for what several lines share."""

    def __init__(self, file: str, name: str, look: Look, found: Guess, home: Home, origin: str) -> None:
        self.file, self.name, self.origin = file, name, origin
        self.look, self.found, self.home = look, found, home
        self.codes: Counter[str] = Counter()
        self.anchors: dict[str, str] = {}

    def code(self, text: str) -> str:
        """A code from a header, once."""
        words = re.sub(r"[^a-z0-9]+", "_", fold(text)).strip("_")
        words = words if words[:1].isalpha() else f"q_{words}" if words else "column"
        short = words if len(words) <= 40 else words[:40].rsplit("_", 1)[0]
        self.codes[short] += 1
        return short if self.codes[short] == 1 else f"{short[:36]}_{self.codes[short]}"

    def shared(self, kind: str, key: object, value: object) -> Raw:
        """`&kind_n value` the first time, `*kind_n` after: answered once for all."""
        place = f"{kind}:{key!r}"
        if place in self.anchors:
            return Raw(f"*{self.anchors[place]}")
        anchor = f"{kind}_{sum(name.startswith(kind + '_') for name in self.anchors.values()) + 1}"
        self.anchors[place] = anchor
        return Raw(f"&{anchor} {flow(value)}")

    def lines(self) -> Iterator[str]:
        found, look = self.found, self.look
        yield comment(
            f"Drafted by `relier add-source` from {self.file}"
            + (f" and {self.origin}" if self.origin else "")
            + "."
        )
        yield comment("Answer every TODO (what each one asks stands beside it), then: relier check FILE")
        yield "version: 1"
        yield f"kind: {found.kind}"
        yield f"format: {look.format}"
        yield f"files: {flow(files_pattern(self.file))}"
        if found.kind != "ledger":
            groups = ", ".join(self.home.framework.stakeholders)
            yield f"stakeholder: TODO          # whose relation it measures: {groups}"
            yield "subject: person            # person | organisation (a partner company is not a person)"
        title = self.name.replace("_", " ").capitalize()
        yield f"label: {flow({'fr': title, 'en': title})}"
        yield "owner: data team           # whom to ask about this source"
        yield "cadence: yearly            # daily | weekly | monthly | quarterly | half_yearly | yearly"
        yield "freshness_days: 400        # late after so many days"
        if found.kind == "ledger":
            yield from self.statement()
            return
        yield from self.when()
        yield from self.where()
        yield from self.what()
        yield from self.rest()

    # ---- when, where, who

    def when(self) -> Iterator[str]:
        found = self.found
        if found.submitted:
            own = scalar(found.submitted.name)
            yield f"waves: continuous          # each record belongs to the period of its own date, {own};"
            yield "                           # a survey held now and then: a list of {code, file, opened, closed}"
        elif found.wave_column:
            yield "waves:                     # closed: the day its fieldwork ended"
            for text in sorted(found.wave_column.counts):
                yield f"  - {flow({'code': text, 'value': text, 'closed': TODO})}"
        else:
            code, pattern = wave_of(self.file)
            yield "waves:                     # closed: the day the fieldwork ended"
            yield f"  - {flow({'code': code, 'file': pattern, 'closed': TODO})}"

    def where(self) -> Iterator[str]:
        found, look = self.found, self.look
        if look.sheet:
            yield f"sheet: {scalar(look.sheet)}" + (
                "                 # every sheet; its name is the column @sheet" if look.sheet == "*" else ""
            )
        if look.header_row:
            yield f"header_row: {look.header_row}"
        if look.path is not None:
            yield f"records: {flow(look.path)}                # where the records stand in the JSON"
        if found.keys:
            yield from self.keys()
        if found.unit_column:
            others = (
                f"; other candidates: {', '.join(map(scalar, found.unit_candidates))}"
                if found.unit_candidates
                else ""
            )
            yield comment(
                f"unit_aliases.csv says which unit each text of {scalar(found.unit_column.name)} is{others}"
            )
        else:
            yield f"unit: {self.home.root}                # no column names units: the whole file is this one's"
        if found.time_formats:
            told = [TODO if form == "?" else form for form in found.time_formats]
            yield f"time_formats: {flow(told)}" + (
                '   # day or month first? such as "%d/%m/%Y"' if TODO in told else ""
            )
        yield "resend: replace            # a new file of a wave replaces the last (append: each brings new records)"

    def keys(self) -> Iterator[str]:
        """The keys; where no column tells responses apart, their moment does, for later exports hold them again."""
        found, told = self.found, dict[str, object](self.found.keys)
        if found.kind == "responses" and told.get("response") == "@record":
            own = [found.submitted.name] if found.submitted and found.submitted.unique else []
            unit = [found.unit_column.name] if own and found.unit_column else []
            told["response"] = [*own, *unit] if unit else own[0] if own else "@record"
        yield f"keys: {flow(told)}"
        if told.get("response") == "@record":
            yield comment("@record: no identifier. Records sent again in a file of another name count twice:")
            yield comment("keep one file name for exports that also hold earlier records (resend: replace)")

    # ---- what is measured

    def what(self) -> Iterator[str]:
        found = self.found
        if found.long:
            yield f"long: {flow({'question': found.long[0].name, 'answer': found.long[1].name})}   # a row per answer"
        if found.items:
            yield "items:"
            known = ", ".join(self.home.framework.dimensions)
            yield comment(f"dimension: one of {known}", "  ")
            yield comment(
                f"or, instead of dimension, outcome: {', '.join(self.home.framework.outcomes)} (each asked once)",
                "  ",
            )
            yield comment(
                "reversed: true where a high answer is a bad one. An item that is no scale: move its column to drop.",
                "  ",
            )
            for item in self.grouped():
                yield from self.item(item)
        elif found.kind == "responses":
            yield "items: TODO                # no column looks like a scale: see docs/add-a-source.md"
        if found.answer:
            told = {"question": "@sheet", "answer": found.answer[0].name}
            yield f"long: {flow(told)}   # each sheet is a question: a measure names its sheet"
        if found.kind == "measures":
            yield from self.measures()
        if found.kind == "events":
            yield from self.facts()
        if found.choices or found.ticked:
            yield "choices:                   # questions with several answers"
            for column, options, separator, question in found.choices:
                left = column.options.others if column.options and question is None else 0
                listed_options = [*options, "*"] if left else list(options)
                fields = {
                    "code": self.code(self.short(column)),
                    "column": column.name,
                    "separator": separator,
                    "options": listed_options,
                }
                why = (
                    f'"*": {left} rarer answers, which may be somebody\'s own words, count as other'
                    if left
                    else ""
                )
                yield from entry(fields | self.text(question, column), why)
            for question_name, names in found.ticked.items():
                yield from entry(
                    {"code": self.code(question_name), "column": question_name, "options": names},
                    "a column per option",
                )

    def grouped(self) -> list[Item]:
        """Items in the order of the file, those that share a scale together."""
        first: dict[object, int] = {}
        for place, item in enumerate(self.found.items):
            first.setdefault(self.scale_of(item), place)
        return sorted(self.found.items, key=lambda item: first[self.scale_of(item)])

    def scale_of(self, item: Item) -> object:
        """Equal for items that share a scale: the questionnaire's, or the widest seen up to one highest point."""
        if item.low is not None:
            return (item.low, item.high, tuple(item.values.items()))
        same = [
            one.points
            for one in self.found.items
            if one.low is None and one.points and one.points[-1:] == item.points[-1:]
        ]
        return max(
            (points for points in same if set(item.points) <= set(points)), key=len, default=item.points
        )

    def item(self, item: Item) -> Iterator[str]:
        key = self.scale_of(item)
        fields: dict[str, object] = {
            "code": self.code(item.named or self.short(item.column)),
            "column": item.named or item.column.name,
        }
        fields |= {"outcome": item.outcome} if item.outcome else {"dimension": TODO}
        if item.low is None:
            new = f"low:{key!r}" not in self.anchors
            if new:
                sharing = sum(self.scale_of(other) == key for other in self.found.items)
                yield comment(self.seen(item, sharing), "  ")
            fields |= {"min": self.shared("low", key, TODO), "max": self.shared("high", key, TODO)}
        else:
            fields |= {"min": item.low, "max": item.high}
        fields |= {} if item.outcome else {"reversed": TODO}
        if item.values:
            fields["values"] = self.shared("answers", item.values, item.values)
        if item.missing or item.low is None:
            missing = dict(sorted(item.missing.items()))
            fields["missing"] = self.shared(
                "no_answer", (key, missing) if item.low is None else missing, missing
            )
        yield from entry(fields | self.text(item.question, item.column if not item.named else None))

    def seen(self, item: Item, sharing: int) -> str:
        points = self.scale_of(item)
        assert isinstance(points, tuple)  # noqa: S101 - of an item without bounds it is its points
        told = (
            f"seen: {points[0]:g} to {points[-1]:g}, {len(points)} different" if points else "no number seen"
        )
        return (
            f"{told}, in {sharing} item(s), which share the answers to min, max and missing."
            ' A code that means no answer goes into missing, such as {"6": not_applicable}'
        )

    def text(self, question: Question | None, column: Column | None) -> dict[str, object]:
        """Wording in both languages; where the questionnaire has one only, it stands for both."""
        texts: Texts = question.texts if question else {}
        if not texts and column is not None and column.title != column.name and len(column.title) > 12:
            texts = {"": column.title}
        if not texts:
            return {}
        spare = next(iter(texts.values()))
        told = {
            code: next((text for key, text in texts.items() if key.startswith(code)), spare)
            for code in ("fr", "en")
        }
        return {"text": told}

    def short(self, column: Column) -> str:
        return min(
            (name for name in column.names if name),
            key=lambda name: (len(name) > 40, name.startswith("QID"), len(name)),
            default=column.name,
        )

    def measures(self) -> Iterator[str]:
        kpis = [code for code, kpi in self.home.framework.kpis.items() if kpi.method == "as_reported"]
        if not self.found.measures and not self.found.answer:
            yield "measures: TODO             # no column looks like a percent: see docs/add-a-source.md"
            return
        yield "measures:"
        yield comment(
            f"kpi: a KPI of framework.yml with method as_reported ({', '.join(kpis) or 'none is declared yet'});"
            " one KPI may take several figures, each of another dimension."
            " A figure nobody needs: move its column to drop.", "  "
        )  # fmt: skip
        if self.found.answer:
            yield from self.sheets(*self.found.answer)
        for column in self.found.measures:
            index = re.search(r"\b(index|indice|score)\b", words_of(column.name)) and column.kind != "flag"
            fields: dict[str, object] = {
                "code": self.code(self.short(column)), "column": column.name,
                "kpi": self.shared("kpi", index is None, TODO),
                "dimension": TODO, "statistic": "index" if index else "share", "scale": _scale(column),
            }  # fmt: skip
            if "n" in self.found.keys:
                fields["roll_up"] = "weighted_by_n"
            if column.missing:
                missing = dict(sorted(column.missing.items()))
                fields["missing"] = self.shared("no_figure", missing, missing)
            yield from entry(fields | self.text(None, column))

    def sheets(self, answer: Column, plus: Sequence[Column]) -> Iterator[str]:
        for sheet, title in self.found.asked.items():
            fields: dict[str, object] = {
                "code": self.code(sheet),
                "column": sheet,
                "kpi": self.shared("kpi", "sheet", TODO),
                "dimension": TODO,
            }
            fields |= {"statistic": "share", "scale": _scale(answer)}
            fields |= {"plus": [column.name for column in plus]} if plus else {}
            fields |= {"roll_up": "weighted_by_n"} if "n" in self.found.keys else {}
            if answer.missing:
                missing = dict(sorted(answer.missing.items()))
                fields["missing"] = self.shared("no_figure", missing, missing)
            yield from entry(fields | ({"text": {"fr": title, "en": title}} if title else {}))

    def facts(self) -> Iterator[str]:
        if not self.found.facts:
            yield "facts: TODO                # no promised and actual day: one line per fact, see docs/add-a-source.md"
            return
        yield "facts:                     # yes-or-no facts of an event; each feeds a KPI with method as_reported"
        for promised, actual in self.found.facts:
            yield from entry(
                {"code": self.code("on_time"), "kpi": TODO, "promised": promised.name, "actual": actual.name}
            )

    def statement(self) -> Iterator[str]:
        yield "resend: replace            # a new file of a fiscal year replaces the one before"
        if self.look.format != "pnl":
            return
        columns = [column.name for column in self.look.columns]
        account = next(
            (name for name in columns if re.search(r"\b(compte|account|konto)\b", fold(name))),
            columns[0] if columns else "TODO",
        )
        label = next(
            (name for name in columns if re.search(r"\b(libelle|label|name|bezeichnung)\b", fold(name))), None
        )
        told: dict[str, object] = {"account": account, **({"label": label} if label else {}), "sign": TODO}
        yield comment("sign: result (charges negative), natural (all positive) or debit (income negative)")
        yield f"statement: {flow(told)}"

    # ---- what is not kept

    def rest(self) -> Iterator[str]:
        found = self.found
        if found.comments:
            yield comment("free texts: kept out of the figures and of the snapshot")
            yield from listed("comments", [column.name for column in found.comments])
        if found.not_records:
            yield comment("lines that are no records: totals, benchmarks, footnotes")
            yield from listed("not_records", found.not_records)
        left = {why: self.dropped(columns) for why, columns in found.left.items()}
        if self.look.extra:
            left["on some of the sheets"] = list(self.look.extra)
        if any(left.values()):
            yield "drop:                      # seen and not kept; any other undeclared column holds the file"
        for why, names in left.items():
            if names:
                yield comment(why, "  ")
                yield from (f"  - {scalar(name)}" for name in names)

    def dropped(self, columns: Sequence[Column]) -> list[str]:
        names = (column.name for column in columns if not (column.kind == "empty" and not column.names))
        return list(dict.fromkeys(name for name in names if "@" not in name or name == "@sheet"))


def _scale(column: Column) -> str:
    if column.kind == "percent":
        return "share" if column.fraction else "percent"
    low, high = column.bounds
    return "percent" if low >= 0 and high <= 100 else "points"
