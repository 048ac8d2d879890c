r"""Short TeX, as matplotlib's mathtext has it, as what is not drawn: MathML for the page, and text for who copies it.

`\frac{a}{b}` is `<mfrac>` and «a/b»; a lone number, letter or Greek letter is plain text. What is not understood has
neither, and is left to its drawing and its reading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from markupsafe import Markup, escape

_GREEK_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"
)
# ϵ and ϕ have the forms that TeX and mathtext draw by these names.
_GREEK = dict(zip(_GREEK_NAMES.split(), "αβγδϵζηθικλμνξπρστυϕχψωΓΔΘΛΞΠΣΦΨΩ", strict=True))
_LETTERS = {**_GREEK, "ell": "ℓ", "infty": "∞", "partial": "∂", "nabla": "∇"}
_OPERATORS = {
    "times": "×", "cdot": "·", "pm": "±", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠", "approx": "≈",
    "sim": "∼", "in": "∈", "to": "→", "rightarrow": "→", "odot": "⊙", "mid": "∣", "ldots": "…", "cdots": "⋯",
    "forall": "∀", "subset": "⊂", "propto": "∝", "ll": "≪", "gg": "≫", "{": "{", "}": "}", "|": "‖", "%": "%",
    "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "langle": "⟨", "rangle": "⟩",
}  # fmt: skip
_LARGE = {"sum": "∑", "prod": "∏", "int": "∫"}
_FUNCTIONS = "min max log ln exp sin cos tan tanh lim arg argmin argmax det sup inf Pr"
_SPACES = {",": 0.167, ":": 0.222, ";": 0.278, " ": 0.333, "quad": 1.0, "qquad": 2.0, "!": 0.0}
_FACES = {"mathrm": "normal", "mathbf": "bold", "mathit": "", "operatorname": "normal", "text": "normal"}
_ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "vec": "\u20d7", "dot": "\u0307"}
_TOKEN = re.compile(r"\\(?:[A-Za-z]+|.)|[0-9]+(?:[.,][0-9]+)?|\s+|.", re.DOTALL)
_RAISED = str.maketrans("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
_LOWERED = str.maketrans("0123456789+-−", "₀₁₂₃₄₅₆₇₈₉₊₋₋")
MOST_TOKENS = 400


@dataclass(frozen=True)
class _Part:
    """A piece of a formula; `whole` says that its text needs no brackets beside others."""

    mathml: str
    text: str
    whole: bool = True
    large: bool = False


class _Unknown(Exception):
    """TeX that is not among what is understood here."""


def mathml(tex: str, reading: str = "", *, display: bool = False) -> Markup | None:
    """A `<math>` element with the TeX beside it, and how it is read aloud; None for what is not understood."""
    try:
        part = _Reader(tex, display).whole()
    except _Unknown:
        return None
    said = f' alttext="{escape(reading)}"' if reading else ""
    said += ' display="block"' if display else ""
    tex_source = f'<annotation encoding="application/x-tex">{escape(tex)}</annotation>'
    return Markup(f"<math{said}><semantics>{_row(part.mathml)}{tex_source}</semantics></math>")


def as_text(tex: str) -> str | None:
    """A formula on one line, as it is copied: «θ₁,…,θ_B»; None for what is not understood."""
    try:
        return " ".join(_Reader(tex, False).whole().text.split())
    except _Unknown:
        return None


def plain(tex: str) -> Markup | None:
    """A lone number, letter or Greek letter as text; None for any other formula."""
    if re.fullmatch(r"[-+]?\d+(?:[.,]\d+)?", tex):
        return Markup(tex.replace("-", "\N{MINUS SIGN}"))
    name = tex.removeprefix("\\")
    if name != tex and name in _LETTERS:
        return Markup('<i class="var">{}</i>' if name in _GREEK and name[0].islower() else "{}").format(_LETTERS[name])
    return Markup('<i class="var">{}</i>').format(tex) if re.fullmatch("[A-Za-z]", tex) else None


class _Reader:
    """Reads tokens from left to right. Raises _Unknown."""

    def __init__(self, tex: str, display: bool) -> None:
        self._tokens = _TOKEN.findall(tex)
        if len(self._tokens) > MOST_TOKENS:
            raise _Unknown
        self._at, self._display, self._depth = 0, display, 0

    def whole(self) -> _Part:
        part = self._sequence("")
        if self._at < len(self._tokens):
            raise _Unknown
        return part

    def _next(self) -> str:
        while self._at < len(self._tokens):
            token: str = self._tokens[self._at]
            self._at += 1
            if not token.isspace():
                return token
        raise _Unknown

    def _peek(self) -> str:
        ahead = self._at
        while ahead < len(self._tokens) and self._tokens[ahead].isspace():
            ahead += 1
        return str(self._tokens[ahead]) if ahead < len(self._tokens) else ""

    def _sequence(self, end: str) -> _Part:
        """Everything up to a token, which is read, too."""
        self._depth += 1
        if self._depth > 30:
            raise _Unknown
        parts: list[_Part] = []
        while (token := self._peek()) != end:
            if token in ("", "}", "\\right"):
                raise _Unknown
            parts.append(self._scripted())
        if end:
            self._next()
        self._depth -= 1
        if len(parts) == 1:
            return parts[0]
        return _Part("".join(part.mathml for part in parts), "".join(part.text for part in parts), whole=False)

    def _argument(self) -> _Part:
        if self._peek() == "{":
            self._next()
            return self._sequence("}")
        return self._atom()

    def _scripted(self) -> _Part:
        """An atom with what stands above and below it."""
        base = self._atom()
        scripts: dict[str, _Part] = {}
        while (sign := self._peek()) in ("_", "^"):
            self._next()
            if sign in scripts:
                raise _Unknown
            scripts[sign] = self._argument()
        if not scripts:
            return base
        over = base.large and self._display
        element = {"_": ("msub", "munder"), "^": ("msup", "mover"), "_^": ("msubsup", "munderover")}
        tag = element["".join(sorted(scripts, key="_^".index))][over]
        inside = "".join(_row(scripts[sign].mathml) for sign in "_^" if sign in scripts)
        text = base.text if base.whole else f"({base.text})"
        text += _script(scripts["_"], "_", _LOWERED) if "_" in scripts else ""
        text += _script(scripts["^"], "^", _RAISED) if "^" in scripts else ""
        return _Part(f"<{tag}>{_row(base.mathml)}{inside}</{tag}>", f"{text} " if base.large else text)

    def _atom(self) -> _Part:
        token = self._next()
        if token == "{":
            return self._sequence("}")
        if token.startswith("\\"):
            return self._command(token[1:])
        if token[0].isdigit():
            return _Part(f"<mn>{escape(token)}</mn>", token)
        if token.isalpha():
            return _Part(f"<mi>{escape(token)}</mi>", token)
        if token in "}_^&#$~":
            raise _Unknown
        sign = "\N{MINUS SIGN}" if token == "-" else token
        return _operator(sign)

    def _command(self, name: str) -> _Part:
        if name in _LETTERS:
            return _Part(f"<mi>{_LETTERS[name]}</mi>", _LETTERS[name])
        if name in _OPERATORS:
            return _operator(_OPERATORS[name])
        if name in _LARGE:
            return _Part(f"<mo>{_LARGE[name]}</mo>", _LARGE[name], large=True)
        if name in _FUNCTIONS.split():
            return _Part(f"<mi>{name}</mi>", name)
        if name in _SPACES:
            width = _SPACES[name]
            return _Part(f'<mspace width="{width}em"></mspace>' if width else "", " " if width else "")
        if name in _FACES:
            return self._faced(_FACES[name])
        if name in ("frac", "dfrac", "tfrac"):
            above, below = self._argument(), self._argument()
            text = f"{_bracketed(above)}/{_bracketed(below)}"
            return _Part(f"<mfrac>{_row(above.mathml)}{_row(below.mathml)}</mfrac>", text, whole=False)
        if name == "sqrt" and self._peek() != "[":
            under = self._argument()
            return _Part(f"<msqrt>{under.mathml}</msqrt>", f"√{_bracketed(under)}")
        if name in ("underset", "overset"):
            beside, base = self._argument(), self._argument()
            tag, sign = ("munder", "_") if name == "underset" else ("mover", "^")
            return _Part(
                f"<{tag}>{_row(base.mathml)}{_row(beside.mathml)}</{tag}>", f"{base.text}{sign}({beside.text})"
            )
        if name in _ACCENTS:
            base = self._argument()
            text = base.text + _ACCENTS[name] if len(base.text) == 1 else f"{name}({base.text})"
            return _Part(f'<mover accent="true">{_row(base.mathml)}<mo>{_ACCENTS[name]}</mo></mover>', text)
        if name == "left":
            return self._fenced()
        raise _Unknown

    def _faced(self, variant: str) -> _Part:
        """Letters in an upright or a bold face: a name, with its accents."""
        if self._next() != "{":
            raise _Unknown
        letters: list[str] = []
        while (token := self._next()) != "}":
            if token.startswith("\\") or token in "{_^&":
                raise _Unknown
            letters.append(token)
        name = "".join(letters)
        face = f' mathvariant="{variant}"' if variant == "normal" and len(name) == 1 else ""
        style = ' style="font-weight:bold"' if variant == "bold" else ""
        return _Part(f"<mi{face}{style}>{escape(name)}</mi>", name)

    def _fenced(self) -> _Part:
        opening = self._delimiter()
        inside = self._sequence("\\right")
        closing = self._delimiter()
        return _Part(
            f"<mrow>{opening.mathml}{_row(inside.mathml)}{closing.mathml}</mrow>",
            f"{opening.text}{inside.text}{closing.text}",
        )

    def _delimiter(self) -> _Part:
        token = self._next()
        if token == ".":
            return _Part("", "")
        if token in ("(", ")", "[", "]", "|"):
            return _operator(token)
        found = _OPERATORS.get(token.removeprefix("\\"))
        if found is None or not token.startswith("\\"):
            raise _Unknown
        return _operator(found)


def _operator(sign: str) -> _Part:
    spaced = f" {sign} " if sign in "=≤≥≠≈∈→+" else f"{sign} " if sign == "," else sign
    return _Part(f"<mo>{escape(sign)}</mo>", spaced)


def _row(mathml_parts: str) -> str:
    return f"<mrow>{mathml_parts}</mrow>"


def _bracketed(part: _Part) -> str:
    return part.text if part.whole else f"({part.text.strip()})"


def _script(part: _Part, sign: str, small: dict[int, int]) -> str:
    """«₁», «_B», «^(0)»."""
    text = part.text.replace(" ", "")
    shown = text.translate(small)
    if all(ord(character) in small for character in text):
        return shown
    return f"{sign}{text}" if len(text) == 1 or (text[0] == "(" and text[-1] == ")") else f"{sign}({text})"
