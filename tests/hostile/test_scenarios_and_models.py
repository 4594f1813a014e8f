"""Hostile scenario files and model files: each one clear error with the place, and none crashes."""

import pytest
from refusing import refused
from small_models import CONTROL

import krapte_sd as ks
from krapte_sd.errors import KrapteError
from krapte_sd.scenarios import read_scenario

SCENARIO = """\
name: mine
title: Mine
title_nl: Van mij
description: A scenario of a test.
population: prognose
parameters: {wage_response: 0.02}
"""


def swap(old, new):
    def apply(text):
        assert text.count(old) == 1, old
        return text.replace(old, new)

    return apply


def whole(content):
    return lambda _: content


SCENARIOS = {
    "empty": whole(""),
    "blank": whole("\n\n"),
    "a comment": whole("# nothing\n"),
    "a list": whole("- a\n- b\n"),
    "a word": whole("baseline\n"),
    "a number": whole("7\n"),
    "bytes": whole(b"\xff\xfe\x00"),
    "zero bytes": whole(b"name: a\x00b\n"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "Latin-1": lambda text: text.replace("Van mij", "Coördinatie").encode("latin-1"),
    "tab": swap("title: Mine", "title:\t\tMine\n\tx: 1"),
    "unclosed": swap("{wage_response: 0.02}", "{wage_response: 0.02"),
    "two documents": lambda text: text + "---\n" + text,
    "key twice": swap("title: Mine", "title: Mine\ntitle: Yours"),
    "unknown key": swap("population:", "popluation:"),
    "another unknown key": lambda text: text + "equations: {}\n",
    "no name": swap("name: mine\n", ""),
    "no title": swap("title: Mine\n", ""),
    "no Dutch title": swap("title_nl: Van mij\n", ""),
    "no description": swap("description: A scenario of a test.\n", ""),
    "empty title": swap("title: Mine", "title: ''"),
    "name with capital": swap("name: mine", "name: Mine"),
    "name with blank": swap("name: mine", "name: my own"),
    "name with path": swap("name: mine", "name: ../mine"),
    "name is a number": swap("name: mine", "name: 7"),
    "name is a list": swap("name: mine", "name: [mine]"),
    "name is nothing": swap("name: mine", "name:"),
    "title is a mapping": swap("title: Mine", "title: {a: 1}"),
    "population is a list": swap("population: prognose", "population: [prognose]"),
    "parameters are a list": swap("{wage_response: 0.02}", "[wage_response]"),
    "parameters are a word": swap("{wage_response: 0.02}", "wage_response"),
    "value is a word": swap("0.02", "high"),
    "value with comma": swap("0.02", "'0,02'"),
    "value is nothing": swap("0.02", ""),
    "value is a list": swap("0.02", "[0.02]"),
    "value is a mapping": swap("0.02", "{a: 1}"),
    "value is a date": swap("0.02", "2024-01-01"),
    "value is a percentage": swap("0.02", "2%"),
    "a Python object": swap("title: Mine", "title: !!python/object/apply:os.system ['true']"),
    "a tag": swap("title: Mine", "title: !secret x"),
    "an alias to nothing": swap("title: Mine", "title: *nothing"),
    "aliases that grow": whole("a: &a [x]\n" + "".join(f"a{k}: &a{k} [{', '.join([f'*a{k - 1}' if k else '*a'] * 9)}]\n"
                                                  for k in range(9))),
    "very deep": whole("a: " + "[" * 3000 + "]" * 3000 + "\n"),
    "deep blocks": whole("".join(" " * k + f"a{k}:\n" for k in range(2000))),
    "merge": swap("title: Mine", "<<: {title: Mine}"),
    "key is a list": swap("title: Mine", "? [a]\n: b"),
    "key is a number": swap("title: Mine", "1: Mine"),
    "control character": swap("title: Mine", "title: Mi\x07ne"),
    "one very long line": lambda text: text + "x: " + "y" * 1_000_000 + "\n",
}  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario_files(tmp_path, name):
    path = tmp_path / "mine.yaml"
    content = SCENARIOS[name](SCENARIO)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(lambda p: read_scenario(str(p)), path)


def test_the_scenario_that_is_broken_here_is_good_before(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(SCENARIO)
    assert read_scenario(str(path)).parameters == {"wage_response": 0.02}


WRONG_VALUES = {
    "unknown parameter": ("wage_response", "wage_respons", "wage_response"),
    "not a number": ("0.02", ".nan", ""),
    "infinite": ("0.02", ".inf", ""),
    "too large": ("0.02", "1e999", ""),
    "with dimensions": ("wage_response: 0.02", "mortality_rate: 0.02", ""),
    "no population": ("population: prognose", "population:", "population: "),
    "unknown population": ("population: prognose", "population: groie", "groei"),
}


@pytest.mark.parametrize("name", WRONG_VALUES)
def test_scenarios_that_do_not_fit_the_tables(tmp_path, name):
    old, new, told = WRONG_VALUES[name]
    path = tmp_path / "mine.yaml"
    path.write_text(swap(old, new)(SCENARIO))
    with pytest.raises(KrapteError) as caught:
        ks.run(str(path), until=2024)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 5000


MODEL = """\
stock= INTEG(inflow - outflow, 100) ~ person ~ people|
inflow= 10 ~ person/Year ~ |
outflow= stock*rate ~ person/Year ~ |
rate= 0.1 ~ 1/Year ~ |
"""


def entry(text):
    return lambda model: model + text + "\n"


MODELS = {
    "empty": lambda model: ("bare", ""),
    "words": whole("hello, world\n"),
    "bytes": whole(b"\x89PNG\r\n\x1a\n" + bytes(50)),
    "zero byte": entry("a= 1\x00 ~ ~ |"),
    "UTF-16": lambda model: model.encode("utf-16"),
    "Latin-1": lambda model: model.replace("people", "coördinatie").encode("latin-1"),
    "no end": lambda model: model.replace("|", ""),
    "bars only": lambda model: ("bare", "|||||\n"),
    "tildes only": whole("~~~~~\n"),
    "cut": lambda model: model[: len(model) // 2],
    "no equation": entry("= 3 ~ ~ |"),
    "no right side": entry("a= ~ ~ |"),
    "name twice": entry("rate= 0.2 ~ 1/Year ~ |"),
    "name twice with blanks": entry("RATE = 0.2 ~ 1/Year ~ |"),
    "unknown variable": entry("a= stok ~ ~ |"),
    "a circle": entry("a= b ~ ~ |\nb= a ~ ~ |"),
    "a circle of one": entry("a= a+1 ~ ~ |"),
    "a circle of starts": entry("a= INTEG(1, b) ~ ~ |\nb= INTEG(1, a) ~ ~ |"),
    "unknown function": entry("a= WOMBAT(stock) ~ ~ |"),
    "too few arguments": entry("a= MAX(stock) ~ ~ |"),
    "too many arguments": entry("a= EXP(stock, 1) ~ ~ |"),
    "bracket open": entry("a= (stock*2 ~ ~ |"),
    "bracket closed": entry("a= stock*2) ~ ~ |"),
    "two operators": entry("a= stock*/2 ~ ~ |"),
    "operator at the end": entry("a= stock* ~ ~ |"),
    "two numbers": entry("a= 1 2 ~ ~ |"),
    "decimal comma": entry("a= 1,5 ~ ~ |"),
    "number with two points": entry("a= 1.2.3 ~ ~ |"),
    "number too large": entry("a= 1e999 ~ ~ |"),
    "unknown range": entry("a[Sector]= 1 ~ ~ |"),
    "range without labels": entry("Sector: ~ ~ |"),
    "range with one label twice": entry("Sector: A, A ~ ~ |"),
    "range backwards": entry("Sector: (s5-s1) ~ ~ |"),
    "unknown label": entry("Sector: A, B ~ ~ |\na[Sector]= 1, 2 ~ ~ |\nb= a[C] ~ ~ |"),
    "too few numbers": entry("Sector: A, B ~ ~ |\na[Sector]= 1 , 2, 3 ~ ~ |"),
    "label without definition": entry("Sector: A, B ~ ~ |\na[A]= 1 ~ ~ |\nb[Sector]= a[Sector] ~ ~ |"),
    "dimension lost": entry("Sector: A, B ~ ~ |\na[Sector]= 1, 2 ~ ~ |\nb= a[Sector] ~ ~ |"),
    "dimension not given": entry("Sector: A, B ~ ~ |\na[Sector]= 1, 2 ~ ~ |\nb= a ~ ~ |"),
    "unclosed range": entry("Sector: A, B ~ ~ |\na[Sector= 1 ~ ~ |"),
    "sum over nothing": entry("Sector: A, B ~ ~ |\na[Sector]= 1, 2 ~ ~ |\nb= SUM(a[Sector]) ~ ~ |"),
    "stock without start": entry("a= INTEG(inflow) ~ ~ |"),
    "stock in a stock": entry("a= INTEG(INTEG(1, 2), 3) ~ ~ |"),
    "delay without time": entry("a= DELAY1(inflow) ~ ~ |"),
    "lookup without points": entry("a= WITH LOOKUP(Time, ()) ~ ~ |"),
    "lookup of text": entry("a= WITH LOOKUP(Time, ((x,1),(2,y))) ~ ~ |"),
    "lookup with one place twice": entry("a( (0,0),(1,1),(1,2) ) ~ ~ |\nb= a(Time) ~ ~ |"),
    "lookup as a number": entry("a( (0,0),(1,1) ) ~ ~ |\nb= a + 1 ~ ~ |"),
    "a number as lookup": entry("b= rate(Time) ~ ~ |"),
    "table that is not there": entry("a:= GET DIRECT DATA('gone.csv', ',', 'A', 'B2') ~ ~ |"),
    "table outside": entry("a= GET DIRECT CONSTANTS('/etc/passwd', ',', 'A1') ~ ~ |"),
    "macro without end": lambda model: ":MACRO: M(a)\nM= a ~ ~ |\n" + model,
    "macro that is not there": lambda model: model + "a= M(1) ~ ~ |\n",
    "except without range": entry("a[Sector] :EXCEPT: [A]= 1 ~ ~ |"),
    "unknown keyword": entry("a :WOMBAT: = 1 ~ ~ |"),
    "quotes open": entry('"a= 1 ~ ~ |'),
    "only a unit": entry("~ person ~ |"),
    "very deep": entry("a= " + "(" * 1000 + "1" + ")" * 1000 + " ~ ~ |"),
    "very long": entry("a= " + "+".join(["stok"] * 3000) + " ~ ~ |"),
    "a name of 5,000 letters": entry("b= " + "a" * 5_000 + " ~ ~ |"),
    "a hundred unknown names": entry("".join(f"a{k}= b{k} ~ ~ |\n" for k in range(100))),
    "line of Python": entry("a= __import__('os').system('true') ~ ~ |"),
    "a NaN": entry("a= nan ~ ~ |"),
    "an infinity": entry("a= inf ~ ~ |"),
    "no times": lambda model: ("bare", model),
    "no step": lambda model: ("bare", model + CONTROL.replace("TIME STEP= 0.25 ~ Year ~ |\n", "")),
    "step of zero": lambda model: ("bare", model + CONTROL.replace("0.25", "0")),
    "step backwards": lambda model: ("bare", model + CONTROL.replace("0.25", "-0.25")),
    "end before the start": lambda model: ("bare", model + CONTROL.replace("2004", "1990")),
    "step is a stock": lambda model: ("bare", model + CONTROL.replace("0.25", "stock")),
    "step is text": lambda model: ("bare", model + CONTROL.replace("0.25", "quarter")),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_model_files(tmp_path, name):
    content = MODELS[name](MODEL)
    if isinstance(content, tuple):
        content = content[1].encode()
    elif isinstance(content, str):
        content = ("{UTF-8}\n" + content + CONTROL).encode()
    path = tmp_path / "small.mdl"
    path.write_bytes(content)
    refused(ks.load_model, path)


def test_the_model_that_is_broken_here_is_good_before(tmp_path):
    path = tmp_path / "small.mdl"
    path.write_text("{UTF-8}\n" + MODEL + CONTROL)
    assert ks.load_model(path).equations.stocks == ("stock",)
