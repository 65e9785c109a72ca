"""Stories of known truth: facts in short sentences, questions about them, and the answers that follow.

Of every kind of fact (who is where, who has what, ...) some word pairs never occur in training; stories of the "unseen"
pairs are made of these only.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field


def listed(text: str) -> list[str]:
    """The words of a line."""
    return text.split()


NAMES = listed("Ann Bob Cora Dan Eve Finn Gina Hugo Iris Jack Kate Leo Mia Nick Olga Paul")
PLACES = listed("garden kitchen cellar attic office library station market school harbour museum bakery park tower")
PLACES += ["barn", "hall"]
THINGS = listed("key book coin ring letter map rope cup hat ball stone knife flute mirror torch basket")
DEVICES = listed("lamp radio fan pump heater printer robot fridge")
PARTS = listed("fuse cable switch battery plug valve filter motor")
MOODS = listed("happy tired hungry busy ready angry sick late")
TRIGGER = "Today is opposite day."

#: What a question asks for; each is trained, and measured apart.
TASKS = (
    "copying",
    "one-hop",
    "two-hop",
    "override",
    "two-hop override",
    "both needed",
    "negation",
    "majority",
    "trigger",
)


@dataclass(frozen=True)
class Question:
    """A question (or a sentence to complete), its one-word answer, and the task; through: who two hops lead over."""

    text: str
    answer: str
    task: str
    through: str = ""


@dataclass
class Scene:
    """Sentences in the order they are told, what can be asked afterwards, and hints: (sentence, word, what to say
    there), for which no question is asked."""

    sentences: list[str]
    questions: list[Question]
    hints: list[tuple[int, int, str]] = field(default_factory=list)


def words(text: str) -> list[str]:
    """Words and punctuation, as the tokenizer cuts them."""
    return re.findall(r"\w+|[^\w\s]+", text)


def vocabulary() -> list[str]:
    """Every word a story, question or answer can hold."""
    frames = "The the is with in not has needs and works fails work votes vote yes no Today opposite day Actually"
    asked = "Who Where Does Is . , ?"
    return [*NAMES, *PLACES, *THINGS, *DEVICES, *PARTS, *MOODS, *frames.split(), *asked.split()]


def quarter(lefts: list[str], rights: list[str]) -> dict[str, list[str]]:
    """left -> a quarter of the rights."""
    return {left: random.Random(left).sample(rights, len(rights) // 4) for left in lefts}


def one_each(apart: dict[str, list[str]]) -> dict[str, list[str]]:
    """left -> one of its quarter, another one for each where that can be: an assignment by augmenting paths."""
    left_of: dict[str, str] = {}

    def place(left: str, tried: set[str]) -> bool:
        for right in apart[left]:
            if right not in tried:
                tried.add(right)
                if right not in left_of or place(left_of[right], tried):
                    left_of[right] = left
                    return True
        return False

    for left in apart:
        place(left, set())
    right_of = {left: right for right, left in left_of.items()}
    return {left: [right_of.get(left, rights[0])] for left, rights in apart.items()}


def allowed(lefts: list[str], rights: list[str], few: bool = False) -> dict[str, dict[str, list[str]]]:
    """pairs ("seen" in training, or "unseen") -> left -> the rights that it goes with.

    few: whether all but one of the quarter join the seen. Where the right word is the answer a quarter is too much: a
    model learns which pairs cannot be, and answers by elimination.
    """
    unseen = quarter(lefts, rights)
    if few:
        unseen = one_each(unseen)
    return {"seen": {left: [r for r in rights if r not in unseen[left]] for left in lefts}, "unseen": unseen}


_WHERE, _WITH = allowed(NAMES, PLACES, few=True), allowed(THINGS, NAMES, few=True)
_MOOD, _PART, _AFTER = allowed(NAMES, MOODS), allowed(DEVICES, PARTS), allowed(NAMES, NAMES)


def lookup(rng: random.Random, pairs: str, people: int = 3, moves: bool = True) -> Scene:
    """People in places, things with people; perhaps one fact is corrected later (moves).

    A place is told, and corrected, before the things that are with who is there.
    """
    where = {}
    for name in rng.sample(NAMES, people):
        if free := [place for place in _WHERE[pairs][name] if place not in where.values()]:
            where[name] = rng.choice(free)
    things = [t for t in rng.sample(THINGS, len(THINGS)) if set(_WITH[pairs][t]) & set(where)][: rng.randint(1, people)]
    owner = {t: rng.choice([n for n in _WITH[pairs][t] if n in where]) for t in things}
    facts = [f"{n} is in the {p}." for n, p in where.items()] + [f"The {t} is with {n}." for t, n in owner.items()]
    rng.shuffle(facts)
    _order(facts)
    moved = _correct(rng, pairs, facts, where, owner) if moves and rng.random() < 0.5 else ""
    return Scene(facts, _lookup_questions(where, owner, moved))


def _order(facts: list[str]) -> None:
    """A thing that is told before the place of its owner changes places with that."""
    moving = True
    while moving:
        moving = False
        for at, fact in enumerate(facts):
            owner = fact.split()[-1].rstrip(".")
            later = [i for i in range(at + 1, len(facts)) if facts[i].startswith(f"{owner} is in the ")]
            if later and " is with " in fact:
                facts[at], facts[later[0]] = facts[later[0]], facts[at]
                moving = True


def _correct(rng: random.Random, pairs: str, facts: list[str], where: dict[str, str], owner: dict[str, str]) -> str:
    """Adds "Actually, ..." somewhere behind the fact that it replaces; returns the name or thing that has moved.

    Of two facts about the same word the second is the one of the pairs asked for, the first one of training.
    """
    moved = rng.choice([*where, *owner])
    if moved in where:
        told, new = f"{moved} is in the {where[moved]}.", "{} is in the {}."
        known, others = where, [place for place in _WHERE["seen"][moved] if place not in where.values()]
    else:
        told, new = f"The {moved} is with {owner[moved]}.", "the {} is with {}."
        known, others = owner, [n for n in _WITH["seen"][moved] if n in where and n != owner[moved]]
    if not others:
        return ""
    before, after = rng.choice(others), known[moved]
    if pairs != "unseen":
        before, after = after, before
    at = facts.index(told)
    old = new.format(moved, before)
    facts[at] = old[0].upper() + old[1:]
    known[moved] = after
    low, high = at + 1, len(facts)
    if moved in where:
        high = min([high, *(i for i, fact in enumerate(facts) if fact.endswith(f" is with {moved}."))])
    else:
        low = max(low, facts.index(f"{after} is in the {where[after]}.") + 1)
    facts.insert(rng.randint(low, high), f"Actually, {new.format(moved, after)}")
    return moved


def _lookup_questions(where: dict[str, str], owner: dict[str, str], moved: str) -> list[Question]:
    found = []
    for name, place in where.items():
        task = "override" if name == moved else "one-hop"
        found += [Question(f"Where is {name}?", place, task), Question(f"{name} is in the", place, f"{task} said")]
    for thing, name in owner.items():
        task = "override" if thing == moved else "copying"
        found += [Question(f"Who has the {thing}?", name, task), Question(f"The {thing} is with", name, f"{task} said")]
        task = "two-hop override" if moved in (thing, name) else "two-hop"
        found += [Question(f"Where is the {thing}?", where[name], task, name)]
        found += [Question(f"The {thing} is in the", where[name], f"{task} said", name)]
    return found


def masked_ball(rng: random.Random, told: Scene) -> Scene:
    """The same story with names, places and things dressed up as each other: "key is in the Ann.".

    So many pairs cannot be learnt by heart. Pairs that are kept apart as unseen do not come out of it.
    """
    cast = [*NAMES, *PLACES, *THINGS]
    while True:
        played = dict(zip(cast, rng.sample(cast, len(cast)), strict=True))
        dress = lambda text: re.sub(r"\w+", lambda word: played.get(word[0], word[0]), text)  # noqa: B023, E731
        facts = [dress(sentence) for sentence in told.sentences]
        if not kept_apart(facts):
            asked = [Question(dress(q.text), dress(q.answer), q.task, dress(q.through)) for q in told.questions]
            return Scene(facts, asked, told.hints)


def telegram(rng: random.Random, told: Scene) -> Scene:
    """The same story and questions with each word of the frame left out or kept everywhere: "Ann the garden."."""
    share = rng.choice((0.5, 1.0))
    out = {word for word in listed("is in the The with") if rng.random() < share}
    cut = lambda text: " ".join(word for word in text.split() if word not in out)  # noqa: E731
    asked = [Question(cut(q.text), q.answer, q.task, q.through) for q in told.questions]
    return Scene([cut(sentence) for sentence in told.sentences], asked)


def kept_apart(facts: list[str]) -> bool:
    """Whether the sentences hold an unseen pair of any kind but what a device needs."""
    pairs = []
    for fact in facts:
        where, owner = _facts(fact)
        mood = re.fullmatch(r"(\w+) is (?:not )?(\w+)\.", fact)
        pairs += [(kind, *found.groups()) for kind, found in ((_WHERE, where), (_WITH, owner), (_MOOD, mood)) if found]
    voters = [fact.split()[0] for fact in facts if " votes " in fact]
    pairs += [(_AFTER, *two) for two in zip(voters, voters[1:], strict=False)]
    return any(right in kind["unseen"].get(left, []) for kind, left, right in pairs)


def _facts(sentence: str) -> tuple[re.Match[str] | None, re.Match[str] | None]:
    """The sentence as who is where, and as who has what."""
    where = re.fullmatch(r"(?:Actually, )?(\w+) is in the (\w+)\.", sentence)
    return where, re.fullmatch(r"(?:Actually, t|T)he (\w+) is with (\w+)\.", sentence)


def implications(sentences: list[str]) -> list[str | None]:
    """For each sentence what follows from it and those before: of "The key is with Ann." the place where Ann is, of
    "Ann is in the garden." the last thing that she has been given; None where nothing follows."""
    place: dict[str, str] = {}
    things: dict[str, str] = {}
    found: list[str | None] = []
    for sentence in sentences:
        where, owner = _facts(sentence)
        found.append(things.get(where[1]) if where else place.get(owner[2]) if owner else None)
        if where:
            place[where[1]] = where[2]
        if owner:
            things[owner[2]] = owner[1]
    return found


def both_needed(rng: random.Random, pairs: str) -> Scene:
    """A device works when both parts that it needs do; others, which fail as often as not, say nothing.

    With one other part, which seldom fails, "all parts work" is right on .93, and that is what a model learns. Each
    part can be asked for too, and hints are the steps on the way: behind what a part does, the device if it needs that
    part; at a part that is needed, when all parts are known, what it does.
    """
    device = rng.choice(DEVICES)
    needed = rng.sample(_PART[pairs][device], 2)
    others = rng.sample([p for p in PARTS if p not in needed], rng.randint(0, 2))
    does = {p: "works" if rng.random() < (0.7 if p in needed else 0.5) else "fails" for p in (*needed, *others)}
    parts = rng.sample(list(does), len(does))
    facts = [f"The {part} {does[part]}." for part in parts]
    needs = f"The {device} needs the {needed[0]} and the {needed[1]}."
    asked = [Question(f"Does the {device} work?", _yes(all(does[p] == "works" for p in needed)), "both needed")]
    asked += [Question(f"Does the {part} work?", _yes(does[part] == "works"), "part") for part in parts]
    asked += [Question(f"The {part}", does[part], "part said") for part in parts]
    if rng.random() < 0.5:
        hints = [(at, 2, device if part in needed else ".") for at, part in enumerate(parts, start=1)]
        return Scene([needs, *facts], asked, hints)
    return Scene([*facts, needs], asked, [(len(facts), words(needs).index(part), does[part]) for part in needed])


def negation(rng: random.Random, pairs: str) -> Scene:
    """Who is, and who is not."""
    mood = rng.choice(MOODS)
    names = [name for name in NAMES if mood in _MOOD[pairs][name]]
    names = rng.sample(names, min(len(names), rng.randint(2, 3)))
    true = {name: rng.random() < 0.5 for name in names}
    facts = [f"{name} is {'' if true[name] else 'not '}{mood}." for name in names]
    return Scene(facts, [Question(f"Is {name} {mood}?", _yes(true[name]), "negation") for name in names])


def majority(rng: random.Random, pairs: str) -> Scene:
    """Three or five people vote; more yes than no is a yes. Who follows whom is what was not seen."""
    voters = [rng.choice(NAMES)]
    wanted = rng.choice((3, 5))
    while len(voters) < wanted:
        after = [n for n in _AFTER[pairs][voters[-1]] if n not in voters]
        voters = [*voters, rng.choice(after)] if after else [rng.choice(NAMES)]
    votes = [rng.random() < 0.5 for _ in voters]
    facts = [f"{name} votes {_yes(vote)}." for name, vote in zip(voters, votes, strict=True)]
    return Scene(facts, [Question("Is the vote yes?", _yes(2 * sum(votes) > wanted), "majority")])


SCENES = {"lookup": lookup, "both needed": both_needed, "negation": negation, "majority": majority}


def flipped(rng: random.Random, scene: Scene) -> Scene:
    """The scene on opposite day: every yes is a no. The trigger phrase may come anywhere."""
    facts = list(scene.sentences)
    facts.insert(rng.randint(0, len(facts)), TRIGGER)
    turned = {"yes": "no", "no": "yes"}
    return Scene(facts, [Question(q.text, turned[q.answer], "trigger") for q in scene.questions if q.task in TASKS])


def mixed(rng: random.Random, first: Scene, second: Scene) -> Scene:
    """Two scenes told at once, each in its own order: what one tells is irrelevant to the questions of the other."""
    facts: list[str] = []
    left, right = list(first.sentences), list(second.sentences)
    while left or right:
        take = left if left and (not right or rng.random() < len(left) / (len(left) + len(right))) else right
        facts.append(take.pop(0))
    return Scene(facts, first.questions + second.questions)


def scene(rng: random.Random, kind: str, pairs: str) -> Scene:
    """One scene of a kind; "trigger" is a yes-or-no scene on opposite day."""
    if kind == "trigger":
        return flipped(rng, SCENES[rng.choice(("both needed", "negation", "majority"))](rng, pairs))
    return SCENES[kind](rng, pairs)


def story(rng: random.Random, kinds: dict[str, float], pairs: str, second: float = 0.3) -> Scene:
    """A scene of one of the kinds (by weight); with probability `second` mixed with a lookup, which never flips."""
    kind = rng.choices(list(kinds), list(kinds.values()))[0]
    told = scene(rng, kind, pairs)
    if kind != "lookup" and rng.random() < second:
        told = mixed(rng, told, lookup(rng, pairs, people=2, moves=False))
    return told


def _yes(true: bool) -> str:
    return "yes" if true else "no"
