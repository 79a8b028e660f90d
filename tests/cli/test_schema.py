"""`csc schema` and schema files: what is known of a type, and how users add to it."""

import json

import pytest
from support.command import Csc

VLANS = """
[types.VLANGroup]
category = "Interface"
naming = "name"
container = true
properties.Members = { kind = "reference", to = ["Interface"], open = true, list = 8 }
properties.Owner = { kind = "text", most = 5, mandatory = true }
properties.Trunk = { kind = "boolean" }
properties.Mode = { kind = "choice", values = ["Active", "Passive"] }
properties.Key = { kind = "secret" }

[types.VLANMember]
parents = ["VLANGroup"]
naming = "index"
properties.Weight = { kind = "integer", minimum = 1, maximum = 9 }

[types.CMPServer.properties]
Retries = { kind = "integer", maximum = 5 }
"""
SCRIPT = """\
add CMPServer ca CACert=ipsec/root FQDN=ca.example.com Retries=6
add VLANGroup office Owner=somebody Mode=active Trunk=maybe
cc VLANGroup office
add VLANMember Weight=10
add VLANMember Wait=1
"""


def test_overview_names_every_type(csc: Csc) -> None:
    text = csc.ok("schema")
    document = json.loads(csc.ok("schema", "--json"))
    assert document["schema"] == "csc/schema/1"
    for name in document["types"]:
        assert f"  {name} " in text
    assert "CertificateStore" in document["types"]


def test_one_type(csc: Csc) -> None:
    text = csc.ok("schema", "Certificate")
    assert "CMPServer.CACert" in text
    assert "one of Local, Remote, CMPv2" in text
    known = json.loads(csc.ok("schema", "--json", "CMPServer"))["types"]["CMPServer"]
    assert known["properties"]["Port"]["default"] == "80"
    assert not known["properties"]["Port"]["extension"]
    assert known["properties"]["TLS"]["extension"]
    assert known["referred_to_by"] == [{"type": "Certificate", "property": "CMPServer"}]


def test_a_category_gives_its_types(csc: Csc) -> None:
    assert set(json.loads(csc.ok("schema", "--json", "Interface"))["types"]) > {"Ethernet"}


def test_misspelt_type(csc: Csc) -> None:
    result = csc("schema", "Certficate")
    assert (result.returncode, result.stdout) == (1, "")
    assert "did you mean Certificate?" in result.stderr


def test_types_of_a_file_are_checked(csc: Csc) -> None:
    schema = csc.write("vlans.toml", VLANS)
    csc.write("a.cfg", SCRIPT)
    result = csc("validate", "--schema", schema, "--format", "json", "a.cfg")
    found = [
        (d["code"], d["primary"]["line"], d["message"])
        for d in json.loads(result.stdout)["diagnostics"]
        if d["severity"] == "error"
    ]
    assert result.returncode == 1
    assert found == [
        (
            "CSC206",
            1,
            "`CACert` of CMPServer ca names Certificate ipsec/root, which does not exist",
        ),
        ("CSC203", 1, "`Retries` cannot be `6`"),
        ("CSC203", 2, "`Owner` cannot be `somebody`"),
        ("CSC203", 2, "`Mode` cannot be `active`"),
        ("CSC203", 2, "`Trunk` cannot be `maybe`"),
        ("CSC203", 4, "`Weight` cannot be `10`"),
    ]
    assert "VLANGroup" in csc.ok("schema", "--schema", schema, "VLANMember")


def test_types_of_a_file_are_applied_and_kept(csc: Csc) -> None:
    schema = csc.write("vlans.toml", VLANS)
    csc.environment["CSC_SCHEMA"] = str(schema)
    csc.write(
        "a.cfg",
        "add VLANGroup office Owner=ann\ncc VLANGroup office\nadd VLANMember Weight=2\n"
        "add VLANMember Weight=1\nactivate\ncommit\n",
    )
    csc.ok("apply", "--yes", "a.cfg")
    assert "Nothing to do" in csc.ok("apply", "--yes", "a.cfg")
    del csc.environment["CSC_SCHEMA"]
    shown = csc.ok("show")
    assert "add VLANMember Weight=2\nadd VLANMember Weight=1\n" in shown
    csc.write("shown.cfg", shown)
    csc.ok("plan", "--schema", schema, "shown.cfg")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("types = [", "it is not TOML"),
        ("[type.X]", "did you mean types?"),
        ("types = 1", "types: a table is expected"),
        ("types.X = 1", "types.X: a table is expected"),
        ('[types."a b"]', "cannot be a name"),
        ("[types.X]\nnaming = 1", "types.X.naming: one of name, index, single is expected"),
        ("[types.X]\nnaming = 'nam'", "did you mean name?"),
        ("[types.X]\ncontainer = 'yes'", "types.X.container: true or false is expected"),
        ("[types.X]\ncategory = 1", "types.X.category: a text is expected"),
        ("[types.X]\nparents = 'root'", "types.X.parents: a list of texts is expected"),
        ("[types.X]\nparents = ['Nowhere']", "there is no type Nowhere"),
        ("[types.X]\nparents = ['CMPServer']", "CMPServer is no container"),
        ("[types.X]\nparents = ['X']\ncontainer = true", "would live in itself"),
        ("[types.X]\ndiscriminator = 'Type'", "the type has no property Type"),
        ("[types.CMPServer]\nnaming = 'index'", "only properties can be added"),
        ("[types.X.properties]\nA = 1", "types.X.properties.A: a table is expected"),
        ("[types.X.properties.A]", "types.X.properties.A.kind: one of"),
        ("[types.X.properties.A]\nkind = 'choice'", "a list of the words to choose from"),
        ("[types.X.properties.A]\nkind = 'reference'", "a list of types or categories"),
        (
            "[types.X.properties.A]\nkind = 'reference'\nto = ['CMPSever']",
            "there is no type or category CMPSever (did you mean CMPServer?)",
        ),
        ("[types.X.properties.A]\nkind = 'integer'\nminimum = 'a'", "whole numbers"),
        (
            "[types.X.properties.A]\nkind = 'integer'\nminimum = 9\nmaximum = 1",
            "minimum <= maximum",
        ),
        ("[types.X.properties.A]\nkind = 'text'\nmost = 0", "largest number of characters"),
        ("[types.X.properties.A]\nkind = 'text'\nlist = 'yes'", "largest number of items"),
        ("[types.X.properties.A]\nkind = 'text'\nminimum = 1", "this key is not known"),
    ],
)
def test_wrong_schema_file(csc: Csc, text: str, wanted: str) -> None:
    path = csc.write("wrong.toml", text)
    result = csc("schema", "--schema", path)
    assert (result.returncode, result.stdout) == (1, "")
    assert str(path) in result.stderr
    assert wanted in result.stderr


def test_unreadable_schema_file(csc: Csc) -> None:
    assert "cannot be read" in csc("schema", "--schema", "nowhere.toml").stderr
    (csc.folder / "latin.toml").write_bytes(b"# \xe9")
    assert "is not UTF-8 text" in csc("schema", "--schema", "latin.toml").stderr
