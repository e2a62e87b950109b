#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""netlink_spec.py - one contract, told in five places.

Documentation/netlink/specs/qsc.yaml is valid, and uapi/linux/qsc.h, the
module's policies and operations (kmod/*.c) and the names in libqsc agree with
it in every name, number, type and range. Prints TAP.
"""

import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
SPEC = TOP / "Documentation/netlink/specs/qsc.yaml"
SCHEMA = TOP / "Documentation/netlink/genetlink.yaml"  # the kernel's
HEADER = TOP / "uapi/linux/qsc.h"
KMOD = TOP / "kmod"
LIB = TOP / "tools/libqsc"

# How the module spells the specification's types.
KERNEL_TYPES = {
    "u8": {"NLA_U8"},
    "u16": {"NLA_U16", "NLA_BE16"},
    "u32": {"NLA_U32"},
    "u64": {"NLA_U64"},
    "string": {"NLA_NUL_STRING"},
    "binary": {"NLA_BINARY"},
    "flag": {"NLA_FLAG"},
    "nest": {"NLA_NESTED"},
}


def c_name(*parts):
    return "_".join(parts).upper().replace("-", "_")


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)


def evaluate(expr, constants):
    """The value of a constant C expression without casts."""
    expr = re.sub(r"\b(\d+|0x[0-9a-fA-F]+)[uUlL]+\b", r"\1", expr)
    return eval(expr, {"__builtins__": {}}, constants)  # pylint: disable=eval-used


def braces(text, start):
    """The text between the brace that opens after start and its partner."""
    begin = text.index("{", start) + 1
    depth, end = 1, begin
    while depth:
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
    return text[begin : end - 1]


def split_commas(text):
    """Split at the commas that are in no parenthesis or brace."""
    parts, depth, part = [], 0, ""
    for c in text:
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(c, 0)
        if c == "," and not depth:
            parts.append(part.strip())
            part = ""
        else:
            part += c
    return [p for p in (*parts, part.strip()) if p]


class Header:
    """Constants and enumerators of a C header, by name."""

    def __init__(self, path):
        text = without_comments(path.read_text())
        self.values = {}
        self.strings = dict(re.findall(r'#define\s+(\w+)\s+"([^"]*)"', text))
        for name, expr in re.findall(r"#define\s+(\w+)\s+(\(?\w[^\n\"]*)", text):
            self.values[name] = evaluate(expr, self.values)
        for body in re.findall(r"enum\s*\w*\s*\{(.*?)\}", text, re.S):
            self.enum(body)

    def enum(self, body):
        value = -1
        for entry in split_commas(body):
            name, _, expr = (p.strip() for p in entry.partition("="))
            value = evaluate(expr, self.values) if expr else value + 1
            self.values[name] = value


class Spec:
    """The specification, and the C names that follow from it."""

    def __init__(self, tree):
        self.tree = tree
        self.family = tree["name"]
        self.sets = {s["name"]: s for s in tree["attribute-sets"]}
        self.definitions = {d["name"]: d for d in tree["definitions"]}
        self.operations = tree["operations"]["list"]

    def entries(self, name):
        """Names and values of an enumeration or of flags."""
        definition = self.definitions[name]
        value = definition.get("value-start", 0)
        flags = definition["type"] == "flags"
        for number, entry in enumerate(definition["entries"], value):
            yield self.entry_name(entry), 1 << number if flags else number

    @staticmethod
    def entry_name(entry):
        return entry if isinstance(entry, str) else entry["name"]

    def base(self, name):
        """The set that a set is a part of, or itself."""
        return self.sets[name].get("subset-of", name)

    def attributes(self, name):
        """Attributes of a set with their numbers, which begin at 1."""
        numbered = list(enumerate(self.sets[self.base(name)]["attributes"], 1))
        if self.base(name) == name:
            return numbered
        own = {a["name"]: a for a in self.sets[name]["attributes"]}
        return [(n, a | own[a["name"]]) for n, a in numbered if a["name"] in own]

    def attribute_name(self, set_name, name):
        return c_name(self.family, "a", self.base(set_name), name)

    def constants(self):
        """All C names and values that the header has to have."""
        for name, definition in self.definitions.items():
            if definition["type"] == "const":
                yield c_name(self.family, name), definition["value"]
                continue
            last = 0
            for entry, value in self.entries(name):
                yield c_name(self.family, name, entry), value
                last = value
            if definition.get("render-max"):
                yield from self.limits(c_name(self.family, name), last)
        for name in self.sets:
            if self.base(name) != name:
                continue
            for number, attr in self.attributes(name):
                yield c_name(self.family, "a", name, attr["name"]), number
            yield from self.limits(c_name(self.family, "a", name), len(self.attributes(name)))
        for number, op in enumerate(self.operations, 1):
            yield c_name(self.family, "cmd", op["name"]), number
        yield from self.limits(c_name(self.family, "cmd"), len(self.operations))
        yield c_name(self.family, "family-version"), 1

    @staticmethod
    def limits(prefix, last):
        yield f"__{prefix}_MAX", last + 1
        yield f"{prefix}_MAX", last

    def strings(self):
        yield c_name(self.family, "family-name"), self.family
        for group in self.tree["mcast-groups"]["list"]:
            yield c_name(self.family, "mcgrp", group["name"]), group["name"]

    def number(self, value):
        """The value of a check: a number or the name of a constant."""
        return value if isinstance(value, int) else self.definitions[value]["value"]

    def checks(self, attr):
        """What the policy of an attribute has to enforce."""
        checks = dict(attr.get("checks", {}))
        mask = checks.pop("flags-mask", None)
        out = {name: self.number(value) for name, value in checks.items()}
        if mask:
            out["mask"] = sum(value for _, value in self.entries(mask))
        if "max" in out:
            out.setdefault("min", 0)
        return out

    @staticmethod
    def reply_only(attr):
        return attr["type"] == "pad" or attr.get("doc", "").startswith("Reply only.")


class Module:
    """Policies and operations of the module, read from its source."""

    def __init__(self, constants):
        self.policies = {}
        self.ranges = {}
        self.operations = {}
        self.groups = []
        for path in sorted(KMOD.glob("*.c")):
            if not path.name.endswith(".mod.c"):
                self.read(without_comments(path.read_text()), dict(constants))

    def read(self, text, constants):
        text = text.replace("\\\n", " ")
        for name, expr in re.findall(r"#define\s+(\w+)[ \t]+(\(?[\w][\w +*|()-]*)$", text, re.M):
            try:
                constants.setdefault(name, evaluate(expr, constants))
            except (NameError, SyntaxError, TypeError):
                pass
        for m in re.finditer(r"struct netlink_range_validation\s+(\w+)\s*=", text):
            self.ranges[m[1]] = {
                key: evaluate(value, constants)
                for key, value in re.findall(r"\.(\w+)\s*=\s*([^,}]+)", braces(text, m.end()))
            }
        for m in re.finditer(r"struct nla_policy\s+(\w+)\s*\[[^]]*\]\s*=", text):
            self.policies[m[1]] = self.policy(braces(text, m.end()), constants)
        for m in re.finditer(r"struct genl_(?:small_|split_)?ops\s+\w+\s*\[\]\s*=", text):
            self.read_operations(text, braces(text, m.end()), constants)
        for m in re.finditer(r"struct genl_multicast_group\s+\w+\s*\[\]\s*=", text):
            for entry in split_commas(braces(text, m.end())):
                self.groups.append(dict(re.findall(r"\.(\w+)\s*=\s*([^,}]+)", entry)))

    def policy(self, body, constants):
        out = {}
        for entry in split_commas(body):
            m = re.match(r"\[(\w+)\]\s*=\s*(.*)$", entry, re.S)
            if not m:
                raise ValueError(f"cannot read the policy entry: {entry}")
            out[m[1]] = self.entry(" ".join(m[2].split()), constants)
        return out

    def entry(self, text, constants):
        """Type and checks of one policy entry."""
        if text.startswith("{"):
            fields = dict(re.findall(r"\.(\w+)\s*=\s*([^,}]+)", text))
            out = {"type": fields["type"].strip()}
            if "len" in fields:
                out["max-len"] = evaluate(fields["len"], constants)
            return out
        macro, args = re.fullmatch(r"NLA_POLICY_(\w+)\((.*)\)", text).groups()
        args = split_commas(args)
        if macro == "NESTED":
            return {"type": "NLA_NESTED", "nested": args[0]}
        if macro == "FULL_RANGE":
            found = self.ranges[args[1].lstrip("& ")]
            return {"type": args[0], "min": found.get("min", 0), "max": found["max"]}
        if macro in ("EXACT_LEN", "MIN_LEN", "MAX_LEN"):
            key = macro.lower().replace("_", "-")
            return {"type": "NLA_BINARY", key: evaluate(args[0], constants)}
        names = {"RANGE": ("min", "max"), "MIN": ("min",), "MAX": ("max",), "MASK": ("mask",)}
        out = {"type": args[0]}
        out.update((n, evaluate(a, constants)) for n, a in zip(names[macro], args[1:]))
        if out["type"] == "NLA_BINARY":  # its ranges are lengths
            out = {k if k == "type" else f"{k}-len": v for k, v in out.items()}
        elif "max" in out:
            out.setdefault("min", 0)
        return out

    def read_operations(self, text, body, constants):
        for entry in split_commas(body):
            fields = dict(re.findall(r"\.(\w+)\s*=\s*([^,}]+)", self.expand(text, entry)))
            if fields:
                fields = {k: v.strip() for k, v in fields.items()}
                self.operations[evaluate(fields["cmd"], constants)] = fields

    @staticmethod
    def expand(text, entry):
        """An entry may be a macro of the same file with plain parameters."""
        call = re.fullmatch(r"(\w+)\((.*)\)", entry, re.S)
        if not call:
            return entry
        macro = re.search(rf"#define\s+{call[1]}\(([^)]*)\)\s*(\{{.*?\}})", text, re.S)
        out = macro[2]
        for parameter, value in zip(split_commas(macro[1]), split_commas(call[2])):
            out = re.sub(rf"\b{parameter}\b", value, out)
        return out


class Tap:
    """Results, one per test; a test lists what it found wrong."""

    def __init__(self):
        self.number = 0
        self.failed = 0
        print("TAP version 13")

    def plan(self, number):
        print(f"1..{number}")

    def result(self, name, problems):
        self.number += 1
        for problem in problems:
            print(f"# {problem}")
        if problems:
            self.failed += 1
        print(f"{'not ok' if problems else 'ok'} {self.number} {name}", flush=True)

    def skip(self, name, reason):
        self.number += 1
        print(f"ok {self.number} {name} # SKIP {reason}")


def valid(tree, schema):
    validator = jsonschema.Draft7Validator(schema)
    return [
        f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(tree)
    ]


def documented(spec):
    """Everything has a doc."""
    problems = []
    for name, definition in spec.definitions.items():
        if definition["type"] == "const":
            if not definition.get("doc"):
                problems.append(f"{name} has no doc")
            continue
        for entry in definition["entries"]:
            if not (isinstance(entry, dict) and entry.get("doc")):
                problems.append(f"{name} {spec.entry_name(entry)} has no doc")
    for name in spec.sets:
        for _, attr in spec.attributes(name):
            if attr["type"] != "pad" and not attr.get("doc"):
                problems.append(f"{name} {attr['name']} has no doc")
    return problems


def consistent(spec):
    """References lead somewhere, and requests hold nothing that only replies do."""
    problems = []
    for op in spec.operations:
        attributes = {a["name"]: a for a in spec.sets[op["attribute-set"]]["attributes"]}
        lists = {"event": op.get("event", {}).get("attributes", [])}
        for mode in ("do", "dump"):
            for part in ("request", "reply"):
                found = op.get(mode, {}).get(part, {}).get("attributes", [])
                lists[f"{mode} {part}"] = found
        for where, names in lists.items():
            for name in names:
                if name not in attributes:
                    problems.append(f"{op['name']} {where}: no attribute {name}")
                elif "request" in where and spec.reply_only(attributes[name]):
                    problems.append(f"{op['name']} {where}: {name} is for replies only")
    for name in spec.sets:
        for _, attr in spec.attributes(name):
            if attr.get("nested-attributes", name) not in spec.sets:
                problems.append(f"{name} {attr['name']}: no such set")
            if attr.get("enum", "role") not in spec.definitions:
                problems.append(f"{name} {attr['name']}: no such enum")
    return problems


def header_agrees(spec, header):
    problems = []
    wanted = dict(spec.constants())
    for name, value in wanted.items():
        if header.values.get(name) != value:
            problems.append(f"{name} is {header.values.get(name)}, specified {value}")
    for name, value in spec.strings():
        if header.strings.get(name) != value:
            problems.append(f"{name} is {header.strings.get(name)}, specified {value}")
    problems += [f"{name} is not specified" for name in sorted(set(header.values) - set(wanted))]
    problems += [
        f"{name} is not specified"
        for name in sorted(header.strings.keys() - dict(spec.strings()).keys())
    ]
    return problems


def policy_agrees(spec, module, policy, set_name, wanted, seen):
    """Compare a policy with the attributes that a request may hold."""
    entries = module.policies.get(policy)
    if entries is None:
        return [f"{policy}: not found"]
    seen.add(policy)
    problems = []
    attributes = {
        spec.attribute_name(set_name, a["name"]): a for _, a in spec.attributes(set_name)
    }
    accepted = {name for name, e in entries.items() if e["type"] != "NLA_REJECT"}
    names = {spec.attribute_name(set_name, name) for name in wanted}
    problems += [f"{policy}: {n} is specified but not accepted" for n in sorted(names - accepted)]
    problems += [f"{policy}: {n} is accepted but not specified" for n in sorted(accepted - names)]
    for name in sorted(accepted & names):
        problems += entry_agrees(spec, module, policy, entries[name], attributes[name], seen)
    return problems


def entry_agrees(spec, module, policy, entry, attr, seen):
    where = f"{policy} {attr['name']}"
    if entry["type"] not in KERNEL_TYPES[attr["type"]]:
        return [f"{where}: is {entry['type']}, specified {attr['type']}"]
    if attr["type"] == "nest":
        nested = attr["nested-attributes"]
        wanted = [a["name"] for _, a in spec.attributes(nested) if not spec.reply_only(a)]
        return policy_agrees(spec, module, entry["nested"], nested, wanted, seen)
    checks = {k: v for k, v in entry.items() if k != "type"}
    if checks != spec.checks(attr):
        return [f"{where}: checks {checks}, specified {spec.checks(attr)}"]
    return []


def policies_agree(spec, module):
    problems, seen = [], set()
    for number, op in enumerate(spec.operations, 1):
        if "do" not in op:
            continue
        fields = module.operations.get(number)
        if not fields or "policy" not in fields:
            problems.append(f"{op['name']}: the module has no policy for it")
            continue
        problems += policy_agrees(
            spec,
            module,
            fields["policy"],
            op["attribute-set"],
            op["do"]["request"]["attributes"],
            seen,
        )
    ours = {name for name in module.policies if name.startswith("qsc_")}
    problems += [f"{name} belongs to no operation" for name in sorted(ours - seen)]
    return problems


def operations_agree(spec, module):
    problems = []
    numbers = {}
    for number, op in enumerate(spec.operations, 1):
        fields = module.operations.get(number)
        if ("do" in op or "dump" in op) != bool(fields):
            problems.append(f"{op['name']}: {'only' if fields else 'not'} in the module")
            continue
        numbers[number] = op
        if not fields:
            continue
        for mode, field in (("do", "doit"), ("dump", "dumpit")):
            if (mode in op) != (field in fields):
                problems.append(f"{op['name']}: {mode} is not the same in both")
        admin = re.search(r"GENL_(UNS_)?ADMIN_PERM", fields.get("flags", ""))
        if ("admin-perm" in op.get("flags", [])) != bool(admin):
            problems.append(f"{op['name']}: permission is not the same in both")
    problems += [f"command {n} is not specified" for n in module.operations if n not in numbers]
    return problems + groups_agree(spec, module)


def groups_agree(spec, module):
    """Groups have flags of their own: those of operations do nothing there."""
    problems = []
    specified = spec.tree["mcast-groups"]["list"]
    wanted = [c_name(spec.family, "mcgrp", group["name"]) for group in specified]
    found = [fields["name"].strip() for fields in module.groups]
    if found != wanted:
        return [f"groups are {found}, specified {wanted}"]
    for group, fields in zip(specified, module.groups):
        admin = re.search(r"\bGENL_MCAST_CAP_NET_ADMIN\b", fields.get("flags", ""))
        if ("admin-perm" in group.get("flags", [])) != bool(admin):
            problems.append(f"group {group['name']}: permission is not the same in both")
    return problems


def table(text, name):
    """Designated initializers of a C array: enumerator to the rest."""
    m = re.search(rf"\b{name}\[\]\s*=", text)
    return {
        key: value
        for key, value in (
            re.match(r"\[(\w+)\]\s*=\s*(.*)$", entry, re.S).groups()
            for entry in split_commas(braces(text, m.end()))
        )
    }


def names_agree(spec):
    text = without_comments((LIB / "names.c").read_text())
    problems = []

    def compare(array, wanted):
        found = {k: re.search(r'"([^"]*)"', v)[1] for k, v in table(text, array).items()}
        for key in sorted(set(found) | set(wanted)):
            if found.get(key) != wanted.get(key):
                problems.append(f"{key} is {found.get(key)}, specified {wanted.get(key)}")

    def words(name):
        return name.replace("-", "_")

    def of_enum(name, convert=words):
        return {c_name(spec.family, name, e): convert(e) for e, _ in spec.entries(name)}

    # Those of SDP; that which is no suite has a name of our own.
    compare("suites", of_enum("suite", lambda e: words(e).upper() if "-" in e else e))
    compare("states", of_enum("call-state"))
    compare("flags", of_enum("call-flags"))
    compare("roles", of_enum("role"))
    compare("dirs", of_enum("dir"))
    compare("key_states", of_enum("key-state"))
    compare("reasons", of_enum("erase-reason"))
    compare(
        "events",
        {
            c_name(spec.family, "cmd", op["name"]): words(op["name"].removesuffix("-ntf"))
            for op in spec.operations
            if "event" in op
        },
    )
    compare(
        "stats",
        {
            c_name(spec.family, "a-stats", a["name"]): words(a["name"])
            for _, a in spec.attributes("stats")
            if a["type"] != "pad"
        },
    )
    return problems


KINDS = {
    "u8": {"U8"},
    "u16": {"PORT"},
    "u32": {"U32", "SUITE", "DIR"},
    "u64": {"U64"},
    "string": {"STRING"},
    "binary": {"ADDR", "HEX", "SECRET"},
    "flag": {"FLAG"},
    "nest": {"NEST"},
}

SECRETS = {("seal", "box"), ("session", "wrapped")}


def error_names_agree(spec):
    """What libqsc calls the attributes of requests, and which are secret."""
    text = without_comments((LIB / "attrs.c").read_text())
    problems = []
    for set_name in ("call", "op", "leg", "key", "roc", "seal", "session"):
        found = table(text, f"{set_name}_descs")
        for _, attr in spec.attributes(set_name):
            key = spec.attribute_name(set_name, attr["name"])
            if spec.reply_only(attr):
                continue
            m = re.match(r'\{\s*"([^"]*)",\s*QSC_KIND_(\w+)', found.pop(key, ""))
            if not m:
                problems.append(f"{key} is unknown to attrs.c")
            elif m[1] != attr["name"]:
                problems.append(f"{key} is {m[1]}, specified {attr['name']}")
            elif m[2] not in KINDS[attr["type"]]:
                problems.append(f"{key} is {m[2]}, specified {attr['type']}")
            elif (m[2] == "SECRET") != ((set_name, attr["name"]) in SECRETS):
                problems.append(f"{key} must {'' if m[2] != 'SECRET' else 'not '}be a secret")
        problems += [f"{key} is no attribute of a request" for key in found]
    return problems


def main():
    tap = Tap()
    tap.plan(8)
    tree = yaml.safe_load(SPEC.read_text())
    tap.result(
        "the specification is valid for the kernel's schema",
        valid(tree, yaml.safe_load(SCHEMA.read_text())),
    )
    spec = Spec(tree)
    header = Header(HEADER)
    tap.result("everything in it is documented", documented(spec))
    tap.result("its references and requests are consistent", consistent(spec))
    tap.result(
        "the uAPI header has its names and numbers, and no others",
        header_agrees(spec, header),
    )
    if (KMOD / "netlink.c").exists():
        module = Module(header.values)
        tap.result("the module has its operations", operations_agree(spec, module))
        tap.result("the module's policies accept what it allows", policies_agree(spec, module))
    else:
        tap.skip("the module has its operations", "there is no kmod/netlink.c")
        tap.skip("the module's policies accept what it allows", "there is no kmod/netlink.c")
    tap.result("libqsc uses its names", names_agree(spec))
    tap.result("libqsc's errors use its names, and hide its secrets", error_names_agree(spec))
    return 1 if tap.failed else 0


try:
    import jsonschema
    import yaml
except ImportError as error:
    print(f"TAP version 13\n1..0 # SKIP {error.name} is missing")
    sys.exit(0)

if __name__ == "__main__":
    sys.exit(main())
