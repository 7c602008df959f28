"""What happens to JSON: values it does not have, keys twice, nesting without end, other shapes."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

from tests.hostile import text_mutants
from tests.hostile.container_mutants import adds_to
from tests.hostile.text_mutants import Mutator

JSON: dict[str, list[Mutator]] = {
    kind: text_mutants.MUTATORS[kind]
    for kind in ("truncation", "bytes", "encoding", "NUL", "bidi", "zero width", "controls", "letters")
}
jsons = adds_to(JSON)

WRONG_VALUES = (
    "NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" * 5000, "0123", "+1", ".5", "'x'", "undefined", '"\\ud800"',
    '"\\u0000"', '"\\x"', "{}", "[]", "null", "true", '{"a":{"b":[1,{"c":2}]}}', "[" * 500 + "]" * 500, '"' + "x" * 100_000 + '"',
    "1e-400", "-0", "1.0000000000000000000001", '{"":""}', '{"code": "LY", "code": "PA"}', "/* x */ 1",
)  # fmt: skip


@jsons("values")
def strange_value(draw: Random, raw: bytes) -> bytes:
    text = raw.decode()
    for _ in range(draw.choice([1, 1, 3])):
        spots = list(re.finditer(r'(?<=[:\[,])\s*("(?:[^"\\]|\\.)*"|[\d.]+|null|true|false)', text))
        if spots:
            spot = draw.choice(spots)
            text = text[: spot.start()] + draw.choice(WRONG_VALUES) + text[spot.end() :]
    return text.encode()


@jsons("nesting")
def nested_deep(draw: Random, raw: bytes) -> bytes:
    depth = draw.choice([50, 1_000, 100_000, 5_000_000])
    opening, closing = draw.choice([(b"[", b"]"), (b'{"a":', b"}")])
    inner = opening * depth + b"1" + draw.choice([closing * depth, b""])
    at = raw.find(b":", draw.randrange(len(raw)))
    return draw.choice([inner, raw[: at + 1] + inner + raw[at + 1 :], b'{"data":' + inner + b"}"])


@jsons("keys")
def strange_keys(draw: Random, raw: bytes) -> bytes:
    text = raw.decode()
    spots = list(re.finditer(r'"[^"]*"\s*:', text))
    if not spots:
        return raw
    spot, other = draw.choice(spots), draw.choice(spots)
    new = draw.choice(
        [
            other.group(),
            '"":',
            '"a.b":',
            '"@record":',
            '"column 1":',
            '"\\u202e":',
            f'"{"k" * 70_000}":',
            '"id":',
            '"data":',
        ]
    )
    if draw.random() < 0.5:
        return (text[: spot.start()] + f"{new} 1, " + text[spot.start() :]).encode()
    return (text[: spot.start()] + new + text[spot.end() :]).encode()


@jsons("shape")
def another_shape(draw: Random, raw: bytes) -> bytes:
    try:
        document = json.loads(raw)
    except ValueError:
        return raw + raw
    line = json.dumps(document)
    wide = {f"k{n}": n for n in range(draw.choice([3_000, 200_000]))}
    shapes: list[Any] = [
        [document], [document, document], {"data": document}, {"data": None}, {"data": {}}, {"data": [1, None, "x", []]},
        {"data": [wide]}, [], {}, None, 1, "x", {"data": [{}] * 200_000}, {"data": [document] * 50}, {"data": [wide, {}]},
    ]  # fmt: skip
    text = draw.choice(
        [
            json.dumps(draw.choice(shapes)),
            f"{line}\n{line}\n",
            line * 2,
            line + ",",
            f"[{line},]",
            line.replace(":", "=", 3),
        ]
    )
    return text.encode()


@jsons("size")
def long_text(draw: Random, raw: bytes) -> bytes:
    at = raw.find(b'"', draw.randrange(len(raw)))
    filler = draw.choice([b"x", b"\\n", b"\\u00e9", b" "]) * draw.choice([1 << 20, 4 << 20])
    return raw[: at + 1] + filler + raw[at + 1 :]
