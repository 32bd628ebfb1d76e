"""Parameters of Rust notebooks for papermill: `pip install` this directory, and `papermill in.ipynb out.ipynb -p n 3` works."""

import json
import math
import re

from papermill.engines import NBClientEngine as Engine
from papermill.models import Parameter
from papermill.translators import Translator, papermill_translators

__all__ = ["Engine", "RustTranslator"]


class RustTranslator(Translator):
    """Values of YAML as Rust: integers, floats, booleans, text, lists of one type."""

    # `let name: type = value;  // help`; `mut` and the type may be missing.
    PARAMETER = re.compile(
        r"^\s*let\s+(?:mut\s+)?(?P<name>\w+)\s*(?::\s*(?P<type>[^=]+?))?\s*=\s*(?P<value>.*?)\s*;\s*(?://\s*(?P<help>.*))?$")

    @classmethod
    def translate_int(cls, val):
        if -(2**31) <= val < 2**31:
            return str(val)
        if -(2**63) <= val < 2**63:
            return f"{val}_i64"
        return f"{val}_i128"

    @classmethod
    def translate_float(cls, val):
        if math.isnan(val):
            return "f64::NAN"
        if math.isinf(val):
            return "f64::INFINITY" if val > 0 else "f64::NEG_INFINITY"
        return repr(val)

    @classmethod
    def translate_str(cls, val):
        # JSON's \uXXXX is not Rust's; everything that is printed stands for itself.
        escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
        return '"' + "".join(escapes.get(c, c if c.isprintable() else f"\\u{{{ord(c):x}}}") for c in val) + '"'

    translate_escaped_str = translate_str

    @classmethod
    def translate_none(cls, val):
        raise NotImplementedError("null has no type of its own in Rust; leave the parameter out")

    @classmethod
    def translate_dict(cls, val):
        raise NotImplementedError(f"a map is no parameter of a Rust notebook; pass it as text: {json.dumps(val)}")

    @classmethod
    def translate_list(cls, val):
        if any(isinstance(each, float) for each in val):
            val = [float(each) if type(each) is int else each for each in val]
        return f"vec![{', '.join(map(cls.translate, val))}]"

    @classmethod
    def comment(cls, cmt_str):
        return f"// {cmt_str}".strip()

    @classmethod
    def assign(cls, name, str_val):
        return f"let {name} = {str_val};"

    @classmethod
    def inspect(cls, parameters_cell):
        found = map(cls.PARAMETER.match, parameters_cell["source"].splitlines())
        return [Parameter(each["name"], each["type"] or "None", each["value"], each["help"] or "") for each in found if each]


papermill_translators.register("rust", RustTranslator)
