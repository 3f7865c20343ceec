"""The condition language: text to `Condition` and back.

Two dialects share one grammar. In a *file*, a condition names terms and its operators are lower case. A *one-line* rule
holds the patterns themselves and its operators are CAPITALS, because `or`, `et` and `ou` are words. Precedence, from
the tightest: not, near, and, or.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any

import re2
from lark import Lark, Token, Transformer, UnexpectedInput

from rules.errors import ConditionError
from rules.text import fold, fold_regex
from rules.types import (
    All,
    And,
    Condition,
    Count,
    Field,
    InField,
    Near,
    Not,
    Of,
    Or,
    Pattern,
    PatternKind,
    Ref,
    SameSentence,
    TermDef,
)

__all__ = [
    "MAX_DEPTH",
    "MAX_LENGTH",
    "RESERVED",
    "OneLine",
    "excluded",
    "format_condition",
    "hint_for",
    "parse_condition",
    "parse_one_line",
    "parse_pattern",
    "parts_of",
    "terms_of",
]

MAX_LENGTH = 5_000  # characters of a condition
MAX_DEPTH = 32  # operators inside one another
_MAX_PATTERN = 500  # characters of a pattern
_MIN_PREFIX = 4  # letters before the star

_NEAR_WORDS = frozenset({"near", "proche"})
_CAPITALS = (
    frozenset({"and", "or", "not", "et", "ou", "sauf", "non", "same_sentence", "meme_phrase", "même_phrase"})
    | _NEAR_WORDS
)
RESERVED = _CAPITALS | {"of", "parmi", "de", "all", "tous", "toutes", "count", "nombre", "compte"}

_GRAMMAR = r"""
start: _either
_either: disjunction
?disjunction: conjunction (_OR conjunction)*
?conjunction: proximity ((AND | BUT) proximity)*
?proximity: unary ((NEAR | SAME) unary)*
?unary: _NOT unary -> negation
      | FIELD unary -> in_field
      | atom
?atom: "(" disjunction ")"
"""

_FILE = r"""
     | NAME -> ref
     | INT _OF _terms -> of
     | _ALL _OF _terms -> all_of
     | _COUNT "(" NAME ")" ">=" INT -> count
_terms: GLOB | "(" _term ("," _term)* ")"
_term: GLOB | NAME
_OR.2: /(?:or|ou)(?!\w)/
AND.2: /(?:and|et)(?!\w)/
BUT.2: /sauf(?!\w)/
_NOT.2: /(?:not|non)(?!\w)/
NEAR.3: /(?:near|proche)\/\d{1,4}(?!\w)/
SAME.2: /(?:same_sentence|m[eê]me_phrase)(?!\w)/
_OF.2: /(?:of|parmi|de)(?!\w)/
_ALL.2: /(?:all|tous|toutes)(?!\w)/
_COUNT.2: /(?:count|nombre|compte)(?!\w)/
FIELD.4: /(?:title|titre|lead|chap[oô]|body|corps):/
GLOB.5: /[^\W\d]\w*\*/
NAME: /[^\W\d]\w*/
INT: /\d{1,4}(?!\w)/
%ignore /\s+/
"""

_LINE = r"""
     | WORD+ -> phrase
     | QUOTED -> phrase
     | REGEX -> phrase
_OR.2: /(?:OR|OU)(?=[\s()"«“]|$)/
AND.2: /(?:AND|ET)(?=[\s()"«“]|$)/
BUT.2: /SAUF(?=[\s()"«“]|$)/
_NOT.2: /(?:NOT|NON)(?=[\s()"«“]|$)/
NEAR.2: /(?:NEAR|PROCHE)\/\d{1,4}(?=[\s()"«“]|$)/
SAME.2: /(?:SAME_SENTENCE|M[EÊ]ME_PHRASE)(?=[\s()"«“]|$)/
FIELD.2: /(?:TITLE|TITRE|LEAD|CHAP[OÔ]|BODY|CORPS):/
REGEX.3: /re:\/(?:\\.|[^\/\\])*\//
QUOTED.3: /=?(?:"[^"]*"|«[^»]*»|“[^”]*”)/
WORD: /[^\s()"«»“”]+/
%ignore /\s+/
"""

_FIELD_OF_A_FILE = re.compile(r"\b(?:title|titre|lead|chap[oô]|body|corps):")
_FIELDS = {
    "title": Field.TITLE,
    "titre": Field.TITLE,
    "lead": Field.LEAD,
    "chapo": Field.LEAD,
    "chapô": Field.LEAD,
    "body": Field.BODY,
    "corps": Field.BODY,
}


@dataclass(frozen=True, slots=True)
class OneLine:
    """A one-line rule as read: its condition, and the terms that its patterns became."""

    condition: Condition
    terms: tuple[TermDef, ...]


def parse_condition(text: str, names: Collection[str]) -> Condition:
    """Read a condition of a rule file.

    Args:
        text: the condition, in the file dialect.
        names: the terms it may name.

    Returns:
        The condition, its patterns of names (`exclu_*`) replaced by the names.

    Raises:
        ConditionError: it cannot be read, or names an unknown term.
    """
    node = _read(text, _file_parser())
    return _resolve(node, sorted(names))


def parse_one_line(text: str) -> OneLine:
    """Read a one-line rule: `Kharkiv`, or `@kharkiv PROCHE/40 (drone OU missile)`.

    Raises:
        ConditionError: it cannot be read.
    """
    node = _read(text, _line_parser())
    terms: dict[Pattern, TermDef] = {}
    condition = _name_patterns(node, terms)
    return OneLine(condition, tuple(terms.values()))


def parse_pattern(source: str) -> Pattern:
    """Read one pattern: `mot`, `=Mot`, `"deux mots"`, `accord*`, `re:/…/`, `@entité`.

    Raises:
        ConditionError: it is empty, too long, or its sigils contradict one another.

    >>> parse_pattern("accord*")
    Pattern(kind=<PatternKind.PREFIX: 'prefix'>, text='accord', source='accord*')
    """
    typed = " ".join(source.split())
    if len(typed) > _MAX_PATTERN:
        raise ConditionError(f"a pattern of {len(typed)} characters is too long", hint=f"at most {_MAX_PATTERN}")
    if not typed.isprintable():
        raise ConditionError("a pattern holds an invisible character", hint="type it again")
    if typed.startswith("re:"):
        return Pattern(PatternKind.REGEX, _regex(typed), typed)
    if typed.startswith("@"):
        return Pattern(PatternKind.ENTITY, _entity(typed), typed)
    exact = typed.startswith("=")
    quoted, text = _unquoted(typed.removeprefix("="))
    if not any(char.isalnum() for char in fold(text).flat):
        raise ConditionError(f"the pattern {typed!r} has no letter", hint="write a word or a phrase")
    if exact:
        return Pattern(PatternKind.EXACT, text, typed)
    if not quoted and "*" in text:
        return Pattern(PatternKind.PREFIX, _prefix(text), typed)
    if stray := None if quoted else re.search(r"(?:^|\s)[@=]\S*", text):
        raise ConditionError(
            f"an operator is missing before {stray[0].strip()}",
            offset=stray.end() - len(stray[0].strip()),
            hint="AND, OR, ET, OU, SAUF, PROCHE/30",
        )
    return Pattern(PatternKind.WORDS, text, typed)


def format_condition(condition: Condition) -> str:
    """Write a condition in the file dialect; reading it again gives an equal condition.

    >>> format_condition(And((Near(Ref("a"), Ref("b"), 30), Not(Of(1, ("c", "d"))))))
    'a near/30 b and not 1 of (c, d)'
    """
    return _format(condition, 0)


def excluded(condition: Condition) -> frozenset[str]:
    """Return the terms that a condition only names to exclude them.

    >>> sorted(excluded(And((Ref("a"), Not(Or((Ref("a"), Ref("b"))))))))
    ['b']
    """
    wanted: set[str] = set()
    unwanted: set[str] = set()
    waiting: list[tuple[Condition, bool]] = [(condition, True)]
    while waiting:
        node, positive = waiting.pop()
        match node:
            case Ref(term) | Count(term):
                (wanted if positive else unwanted).add(term)
            case Of(_, terms) | All(terms):
                (wanted if positive else unwanted).update(terms)
            case Not(part):
                waiting.append((part, not positive))
            case _:
                waiting.extend((child, positive) for child in parts_of(node))
    return frozenset(unwanted - wanted)


def terms_of(condition: Condition) -> frozenset[str]:
    """Return every term that a condition names.

    >>> sorted(terms_of(And((Ref("a"), Not(Of(1, ("b", "c")))))))
    ['a', 'b', 'c']
    """
    match condition:
        case Ref(term) | Count(term):
            return frozenset({term})
        case Of(_, terms) | All(terms):
            return frozenset(terms)
        case _:
            return frozenset().union(*map(terms_of, parts_of(condition)))


def parts_of(node: Condition) -> tuple[Condition, ...]:
    """Return the conditions that an operator joins; none for what only names terms."""
    match node:
        case And(parts) | Or(parts):
            return parts
        case Not(part) | InField(_, part):
            return (part,)
        case Near(left, right) | SameSentence(left, right):
            return (left, right)
        case _:
            return ()


def hint_for(name: str, valid: Collection[str]) -> str:
    """Return "did you mean …?" with the nearest valid name, or the valid names when few, or ""."""
    near = get_close_matches(name, sorted(valid), n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"one of {', '.join(sorted(valid))}" if 0 < len(valid) <= 12 else ""  # noqa: PLR2004 (what fits on a line)


# --- reading ---------------------------------------------------------------------------------------------------


class _Builder(Transformer[Token, Any]):
    """Makes nodes as the parser reduces, so that no tree is ever walked. Names stay tokens: they know their offset."""

    def start(self, items: list[Any]) -> Any:
        return items[0]

    def disjunction(self, items: list[Any]) -> Or:
        return Or(tuple(items))

    def conjunction(self, items: list[Any]) -> And:
        parts = [items[0]]
        for operator, part in zip(items[1::2], items[2::2], strict=True):
            parts.append(Not(part) if operator.type == "BUT" else part)
        return And(tuple(parts))

    def proximity(self, items: list[Any]) -> Near | SameSentence:
        left = items[0]
        for operator, right in zip(items[1::2], items[2::2], strict=True):
            if operator.type == "SAME":
                left = SameSentence(left, right)
            else:
                left = Near(left, right, int(operator.partition("/")[2]))
        return left  # type: ignore[no-any-return]  # the grammar gives at least one operator

    def negation(self, items: list[Any]) -> Not:
        return Not(items[0])

    def in_field(self, items: list[Any]) -> InField:
        return InField(_FIELDS[items[0][:-1].lower()], items[1])

    def ref(self, items: list[Token]) -> Ref:
        return Ref(items[0])

    def of(self, items: list[Token]) -> Of:
        return Of(int(items[0]), tuple(items[1:]))

    def all_of(self, items: list[Token]) -> All:
        return All(tuple(items))

    def count(self, items: list[Token]) -> Count:
        return Count(items[0], int(items[1]))

    def phrase(self, items: list[Token]) -> Ref:
        return Ref(Token(items[0].type, " ".join(items), start_pos=items[0].start_pos))


@cache
def _file_parser() -> Lark:
    return Lark(_GRAMMAR + _FILE, parser="lalr", transformer=_Builder())


@cache
def _line_parser() -> Lark:
    return Lark(_GRAMMAR + _LINE, parser="lalr", transformer=_Builder())


def _read(text: str, parser: Lark) -> Condition:
    """Parse, bound and check. The parser itself does not recurse, so only what it built can be too deep."""
    if len(text) > MAX_LENGTH:
        raise ConditionError(
            f"a condition of {len(text)} characters is too long", offset=MAX_LENGTH, hint=f"at most {MAX_LENGTH}"
        )
    if not text.strip():
        raise ConditionError("the condition is empty", hint="name a term")
    try:
        node: Condition = parser.parse(text)  # type: ignore[assignment]  # the embedded transformer gives nodes
    except UnexpectedInput as error:
        raise _syntax_error(text, error) from None
    _check_depth(node)
    _check_fields(node)
    return node


def _syntax_error(text: str, error: UnexpectedInput) -> ConditionError:
    """Say in words what the parser stumbled on."""
    token = getattr(error, "token", None)
    if token is not None and token.type == "$END":
        opened = text.count("(") > text.count(")")
        hint = "a parenthesis is not closed" if opened else "something must follow the last operator"
        return ConditionError("the condition stops too early", offset=len(text), hint=hint)
    offset: int = getattr(error, "pos_in_stream", 0)
    culprit = str(token) if token is not None else text[offset]
    return ConditionError(f"{culprit!r} is not expected here", offset=offset, hint=_syntax_hint(culprit, text, offset))


_ONLY_IN_FILES = re.compile(r"\b(?:PARMI|OF|NOMBRE|COUNT|COMPTE|ALL|TOUS)\s*\Z")
_LOWER_OPERATOR = re.compile(r"\b(?:near|proche)/\d+\s*\Z")


def _syntax_hint(culprit: str, text: str, offset: int) -> str:
    before = text[:offset]
    if culprit == ")":
        return "a term is missing before it" if before.count("(") > before.count(")") else "no parenthesis is open"
    if field := _FIELD_OF_A_FILE.search(before.rstrip()[-6:]):
        return f"in one line, {field[0].upper()}(…)"
    hints = (
        (culprit.lower() in _NEAR_WORDS, "say how many words apart: near/30"),
        (culprit.isupper() and culprit.lower() in RESERVED, f"operators are lower case in a file: {culprit.lower()}"),
        (culprit == "(" and _ONLY_IN_FILES.search(before), "2 of (…) and count(…) only exist in a file"),
        (culprit == "(" and _LOWER_OPERATOR.search(before), "operators are CAPITALS in one line: PROCHE/30, OU"),
        (culprit in '"«»“”', "a quote is not closed, or an operator is missing before it"),
    )
    return next((hint for told, hint in hints if told), "an operator is missing, or one too many")


def _check_depth(root: Condition) -> None:
    waiting: list[tuple[int, Condition]] = [(1, root)]
    while waiting:
        depth, node = waiting.pop()
        if depth > MAX_DEPTH:
            raise ConditionError("the condition is too deep", offset=0, hint=f"at most {MAX_DEPTH} operators deep")
        waiting.extend((depth + 1, child) for child in parts_of(node))


def _check_fields(root: Condition) -> None:
    """Refuse a field inside a field: `title:lead:a` can never be, and `title:lead:not a` always is."""
    waiting: list[tuple[Field | None, Condition]] = [(None, root)]
    while waiting:
        outer, node = waiting.pop()
        inner = node.field if isinstance(node, InField) else None
        if outer is not None and inner is not None:
            raise ConditionError(
                f"{inner} stands inside {outer}", offset=_offset(node), hint=f"write {outer}:(…) and {inner}:(…)"
            )
        waiting.extend((inner or outer, child) for child in parts_of(node))


# --- names -----------------------------------------------------------------------------------------------------


def _resolve(node: Condition, names: Sequence[str]) -> Condition:
    """Check every name and expand every pattern of names."""
    match node:
        case Ref(term):
            return Ref(_known(term, names))
        case Count(term, least):
            return Count(_known(term, names), _at_least_one(least, term))
        case Of(least, terms):
            found = _expand(terms, names)
            if least > len(found):
                raise ConditionError(
                    f"{least} of {len(found)} terms can never be", offset=_offset(node), hint=f"at most {len(found)}"
                )
            return Of(_at_least_one(least, terms[0]), found)
        case All(terms):
            return All(_expand(terms, names))
        case _:
            return _rebuild(node, [_resolve(child, names) for child in parts_of(node)])


def _rebuild(node: Condition, children: Sequence[Condition]) -> Condition:
    """Return an operator with other operands."""
    match node:
        case And():
            return And(tuple(children))
        case Or():
            return Or(tuple(children))
        case Not():
            return Not(children[0])
        case InField(field):
            return InField(field, children[0])
        case Near(left, right, words):
            _check_located(left)
            _check_located(right)
            return Near(children[0], children[1], words)
        case SameSentence(left, right):
            _check_located(left)
            _check_located(right)
            return SameSentence(children[0], children[1])
        case _:  # pragma: no cover (only operators have operands to replace)
            raise AssertionError(node)


def _check_located(side: Condition) -> None:
    """Refuse beside near what has no place of its own: `not`, `and`, `count`, `all of`, `2 of`."""
    match side:
        case Ref() | Near() | SameSentence() | Of(1):
            return
        case Or() | InField():
            for child in parts_of(side):
                _check_located(child)
        case _:
            raise ConditionError(
                "only terms joined by or, and near itself, can stand beside near",
                offset=_offset(side),
                hint="write (a near/30 c) and (b near/30 c)",
            )


def _offset(node: Condition) -> int:
    """Return where the first name of a node as read stands."""
    match node:
        case Ref(term) | Count(term) | Of(_, (term, *_)) | All((term, *_)):
            return getattr(term, "start_pos", None) or 0
        case _:
            return _offset(parts_of(node)[0])


def _known(name: str, names: Collection[str]) -> str:
    if name not in names:
        raise ConditionError(f"unknown term {name}", offset=_offset(Ref(name)), hint=hint_for(name, names))
    return str(name)


def _at_least_one(least: int, term: str) -> int:
    if least < 1:
        raise ConditionError(
            "a number of at least 1 is needed", offset=_offset(Ref(term)), hint="1 of …, count(…) >= 1"
        )
    return least


def _expand(terms: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for term in terms:
        if not term.endswith("*"):
            found[_known(term, names)] = None
            continue
        beginning = [name for name in names if name.startswith(term[:-1])]
        if not beginning:
            raise ConditionError(
                f"no term begins with {term[:-1]}", offset=_offset(Ref(term)), hint=hint_for(term[:-1], names)
            )
        found.update(dict.fromkeys(beginning))
    return tuple(found)


# --- patterns --------------------------------------------------------------------------------------------------


def _name_patterns(node: Condition, terms: dict[Pattern, TermDef]) -> Condition:
    """Replace the patterns of a one-line rule by term names, collecting the terms with their columns."""
    if not isinstance(node, Ref):
        return _rebuild(node, [_name_patterns(child, terms) for child in parts_of(node)])
    _refuse_stray_operators(node.term)
    try:
        pattern = parse_pattern(node.term)
    except ConditionError as error:
        raise ConditionError(error.message, offset=_offset(node) + error.offset, hint=error.hint) from None
    if pattern not in terms:
        name = _term_name(pattern, frozenset(term.name for term in terms.values()))
        terms[pattern] = TermDef(name, (pattern,), column=1 + _offset(node))
    return Ref(terms[pattern].name)


_NO_WORD = re.compile(r"(?<!\S)(?:(?:near|proche)/\d+|[|&]+|\|\||&&)(?!\S)|(?<=\w)[|&](?=\w)|(?<!\S)'(?=\w)")


def _refuse_what_is_no_word(phrase: str) -> None:
    """Refuse what another tool's user would type, and no text holds: `proche/30`, `a|b`, `'a b'`, `"=Mot"`."""
    if (found := _NO_WORD.search(phrase)) is not None:
        sign = found[0]
        hint = "operators are CAPITALS in one line: PROCHE/30, NEAR/30" if "/" in sign else "write OU, OR, ET or AND"
        if sign == "'":
            hint = 'a phrase stands in double quotes: "deux mots"'
        raise ConditionError(f"{sign} is no operator here", offset=_offset(Ref(phrase)) + found.start(), hint=hint)
    if phrase.startswith('"='):
        raise ConditionError("= stands before the quotes", offset=_offset(Ref(phrase)), hint=f'="{phrase[2:]}')


def _refuse_stray_operators(phrase: str) -> None:
    """Refuse an operator read as a word because nothing stands on one side of it: `SAUF sport`, `a PROCHE b`."""
    if getattr(phrase, "type", "") == "WORD" or phrase.startswith('"='):
        _refuse_what_is_no_word(phrase)
    if getattr(phrase, "type", "") != "WORD":
        return
    if field := _FIELD_OF_A_FILE.match(phrase):
        raise ConditionError(
            f"{field[0]} is a word here", offset=_offset(Ref(phrase)), hint=f"in one line, {field[0].upper()}(…)"
        )
    for word in re.finditer(r"\S+", phrase):
        operator = word[0].partition("/")[0]
        if operator.isupper() and operator.lower() in _CAPITALS:
            near = operator.lower() in _NEAR_WORDS
            hint = "say how many words apart: PROCHE/30" if near else f'put it in quotes if it is a word: "{operator}"'
            raise ConditionError(
                f"the operator {word[0]} is misplaced", offset=_offset(Ref(phrase)) + word.start(), hint=hint
            )


def _term_name(pattern: Pattern, taken: Collection[str]) -> str:
    """Derive a term's name from its pattern: `"mer Noire"` → mer_noire."""
    letters = (char if char.isalpha() or (char.isascii() and char.isdigit()) else "_" for char in pattern.text.lower())
    name = re.sub("__+", "_", "".join(letters)).strip("_")[:40] or "motif"
    if name[0].isdigit() or name in RESERVED:
        name = f"t_{name}"
    unique = name
    number = 1
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    return unique


def _regex(typed: str) -> str:
    if not re.fullmatch(r"re:/.+/", typed):
        raise ConditionError("a regular expression stands between slashes", hint="re:/…/")
    text = typed[len("re:/") : -1]
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(fold_regex(text), options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        raise ConditionError(
            f"bad regular expression: {reason}", hint="look-around and back-references do not exist in linear time"
        ) from None
    if compiled.search(""):
        raise ConditionError("the regular expression matches an empty text", hint="use + instead of *")
    return text


def _entity(typed: str) -> str:
    if not re.fullmatch(r"@[a-z0-9][a-z0-9_-]*", typed):
        after = re.search(r"\s", typed)
        if after:
            raise ConditionError(
                f"an operator is missing after {typed[: after.start()]}",
                offset=after.end(),
                hint="AND, OR, ET, OU, SAUF, PROCHE/30",
            )
        raise ConditionError(f"{typed} is no entity's id", hint="lower-case letters, digits and hyphens: @mer-noire")
    return typed[1:]


def _prefix(text: str) -> str:
    stem = text.removesuffix("*")
    if "*" in stem or not all(char.isalnum() or char in "-'’" for char in stem):
        raise ConditionError("a star stands at the end of one word only", hint="accord*")
    if sum(char.isalpha() for char in stem) < _MIN_PREFIX:
        raise ConditionError(f"at least {_MIN_PREFIX} letters must stand before the star", hint="accord*")
    return stem


def _unquoted(text: str) -> tuple[bool, str]:
    for opening, closing in ('""', "«»", "“”"):
        if len(text) > 1 and text.startswith(opening) and text.endswith(closing):
            return True, text[1:-1].strip()
    return False, text


# --- writing ---------------------------------------------------------------------------------------------------

_OR, _AND, _NEAR, _UNARY = range(4)


def _format(node: Condition, outer: int) -> str:
    """Write a node; in parentheses where it binds less tightly than what stands around it."""
    strength, text = _written(node)
    return f"({text})" if strength < outer else text


def _written(node: Condition) -> tuple[int, str]:  # noqa: C901, PLR0911 (one line a kind of node)
    match node:
        case Ref(term):
            return _UNARY, term
        case Count(term, least):
            return _UNARY, f"count({term}) >= {least}"
        case Of(least, terms):
            return _UNARY, f"{least} of ({', '.join(terms)})"
        case All(terms):
            return _UNARY, f"all of ({', '.join(terms)})"
        case Not(part):
            return _UNARY, f"not {_format(part, _UNARY)}"
        case InField(field, part):
            return _UNARY, f"{field}:{_format(part, _UNARY)}"
        case Near(left, right, words):
            return _NEAR, f"{_format(left, _NEAR)} near/{words} {_format(right, _UNARY)}"
        case SameSentence(left, right):
            return _NEAR, f"{_format(left, _NEAR)} same_sentence {_format(right, _UNARY)}"
        case And(parts):
            return _AND, " and ".join(_format(part, _NEAR) for part in parts)
        case Or(parts):  # pragma: no branch
            return _OR, " or ".join(_format(part, _AND) for part in parts)
