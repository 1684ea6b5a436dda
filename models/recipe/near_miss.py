"""Wrong options: small edits that turn a true statement into a false one, and a choice of competitors that no length gives away."""
import random
import re
from collections.abc import Sequence

_pairs = """increase decrease|increases decreases|increased decreased|increasing decreasing|higher lower|high low|highest lowest|more less|most least|greater smaller|larger
smaller|largest smallest|large small|longer shorter|long short|before after|above below|inside outside|inner outer|upper lower|positive negative|positively negatively|gain lose|gains loses|gained lost|absorb
release|absorbs releases|absorbed released|faster slower|fast slow|hot cold|warm cool|hotter colder|strong weak|stronger weaker|active passive|primary secondary|anterior posterior|superior inferior|proximal
distal|internal external|toward away from|attract repel|attracts repels|always never|maximum minimum|thick thin|thicker thinner|dense sparse|early late|earlier later|front back|left right|stimulates
inhibits|stimulate inhibit|activates inactivates|contract relax|contracts relaxes|contraction relaxation|dilate constrict|expand contract|expands contracts|directly inversely|constant variable|heavier
lighter|heavy light|acidic basic|acid base|aerobic anaerobic|saturated unsaturated|voluntary involuntary|sensory motor|afferent efferent|artery vein|arteries veins|dominant recessive|mitosis meiosis|reactants
products|oxidation reduction|oxidized reduced|protons electrons|proton electron|solid liquid|kinetic potential|parallel perpendicular|first last|beginning end|same opposite|similar different|with without|can cannot|rises
falls|rise fall|wide narrow|deep shallow|simple complex|single multiple|northern southern|north south|eastern western|summer winter|prokaryotes eukaryotes|prokaryotic eukaryotic|sympathetic parasympathetic"""
OPPOSITES: dict[str, str] = {}
for _pair in ' '.join(_pairs.split()).split('|'):
    _left, _right = _pair.split(' ', 1)
    OPPOSITES.setdefault(_left, _right)
    OPPOSITES.setdefault(_right, _left)


def flipped(text: str, rng: random.Random) -> str | None:
    """One word replaced by its opposite."""
    found = [m for m in re.finditer(r'[A-Za-z]+', text) if m[0].lower() in OPPOSITES]
    return _replaced(text, rng.choice(found), OPPOSITES) if found else None


def renumbered(text: str, rng: random.Random) -> str | None:
    """One number changed by half or more; years stay."""
    found = [m for m in re.finditer(r'(?<![\w.,])\d+(?:\.\d+)?(?![\w.,]*\d)', text) if not re.fullmatch('1[5-9]..|20..', m[0])]  # no years
    if not found:
        return None
    number = rng.choice(found)
    value = float(number[0]) * rng.choice((0.5, 2, 10, 1.5))
    changed = f'{value:.{len(number[0].partition(".")[2])}f}'
    return text[: number.start()] + changed + text[number.end() :] if changed != number[0] else None


def exchanged(text: str, terms: Sequence[str], rng: random.Random) -> str | None:
    """One of `terms` in the text replaced by another of them."""
    inside = [t for t in terms if re.search(rf'(?i)\b{re.escape(t)}\b', text)]
    outside = [t for t in terms if t not in inside and not any(t in i or i in t for i in inside)]
    if not inside or not outside:
        return None
    match = re.search(rf'(?i)\b{re.escape(rng.choice(inside))}\b', text)
    return _replaced(text, match, {match[0].lower(): rng.choice(outside)})


def near_misses(text: str, terms: Sequence[str], count: int, rng: random.Random) -> list[str]:
    """Up to `count` different edits of `text`."""
    made: dict[str, None] = {}
    for _ in range(count * 4):
        edit = rng.choice((flipped, renumbered, lambda t, r: exchanged(t, terms, r)))
        changed = edit(text, rng)
        if changed and changed.lower() != text.lower():
            made[changed] = None
        if len(made) == count:
            break
    return list(made)


def _replaced(text: str, match: re.Match, by: dict[str, str]) -> str:
    word = by[match[0].lower()]
    if match[0][0].isupper():
        word = word[0].upper() + word[1:]
    return text[: match.start()] + word + text[match.end() :]


def balanced(answer: str, pool: Sequence[str], count: int, rng: random.Random, fixed: Sequence[str] = ()) -> list[str]:
    """`fixed` and the first fitting of `pool`, `count` in all, such that the answer's place by length is any with equal chance where the pool
    allows it. Nothing much longer or shorter than the answer, nothing with the same words as another."""
    chosen = list(fixed)[:count]
    used = {_words(option) for option in (answer, *chosen)}
    shorter_left = rng.randint(0, count) - sum(len(option) < len(answer) for option in chosen)
    rivals = [option for option in pool if 0.4 < len(option) / len(answer) < 2.5]
    shorter, longer = ([o for o in rivals if (len(o) < len(answer)) == is_shorter] for is_shorter in (True, False))
    room = count - len(chosen)
    wanted = max(room - len(longer), min(shorter_left, len(shorter), room), 0)
    for option in [*_first_new(shorter, wanted, used), *_first_new(longer, room - wanted, used)]:
        chosen.append(option)
    return chosen + _first_new(rivals, count - len(chosen), used)


def _first_new(options: Sequence[str], count: int, used: set[tuple[str, ...]]) -> list[str]:
    """The first `count` whose words are not in `used` yet; adds them."""
    found: list[str] = []
    for option in options:
        if len(found) < count and _words(option) not in used:
            used.add(_words(option))
            found.append(option)
    return found


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r'\w+', text.lower()))
