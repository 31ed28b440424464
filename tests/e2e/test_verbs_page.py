"""docs/verbs.md against --help: every verb has a section, and every option stands in that of its
verb or among those of many verbs; no option stands there that is gone. Arguments: brille,
brille-python.
"""
import pathlib
import re

from plugin_support import brille, run_tests

PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "verbs.md").read_text(encoding="utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in re.split(r"^## ", PAGE, flags=re.M)[1:]}
COMMON = "Options of many verbs"
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
OF_OTHERS = {"ps": {"--from-ring"}, "record": {"--from"}}  # mentioned, and an option of another verb
PLUGIN_VERBS = ("list", "run", "doc", "new", "test", "lint", "reference")


def options_of(*verb):
    return set(re.findall(r"^  (?:-\w,|   ) (--[a-z-]+)", brille(*verb, "--help"), re.M))


def verbs():
    return [line.split()[0] for line in brille("--help").splitlines() if line.startswith("  ")]


def test_every_verb_has_a_section_in_the_order_of_help():
    assert list(SECTIONS) == [COMMON, *verbs()], (list(SECTIONS), verbs())


def test_every_option_is_told_and_exists():
    common = set(OPTION.findall(SECTIONS[COMMON]))
    everywhere = set()
    for verb in verbs():
        has = options_of(verb)
        if verb == "plugin":
            has = set().union(*(options_of(verb, part) for part in PLUGIN_VERBS))
        everywhere |= has
        told = set(OPTION.findall(SECTIONS[verb]))
        assert has - common <= told, (verb, "not told", has - common - told)
        told -= OF_OTHERS.get(verb, set())
        assert told <= has, (verb, "gone", told - has)
    assert common <= everywhere, ("gone", common - everywhere)


def test_every_choice_is_told():
    for verb, heading in (("export", "formats"), ("summary", "sections")):
        choices = re.findall(r"^  (\w+) ", brille(verb, "--help").partition(f"\n{heading}:\n")[2], re.M)
        assert len(choices) > 5, (verb, choices)
        for choice in choices:
            assert f"`{choice}`" in SECTIONS[verb], (verb, choice)


run_tests(globals())
