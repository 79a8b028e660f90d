"""Whatever a script says, the compiler answers with findings or a plan, never with an exception."""

import json

from csc.cli.findings import FORMATS, render
from csc.cli.views import plan_text
from csc.cli.views.source_text import masked_lines
from csc.compiler.compile import compile_scripts
from csc.compiler.device import DeviceState
from csc.compiler.fix import apply_fixes
from csc.compiler.machine import Circumstances
from csc.compiler.serialize import canonical, plan_to_json
from csc.grammar.parser import parse
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import ISSUED, carried_out

# ~ stands for a blank within a word.
VOCABULARY = r"""
add set delete cc certmgr activate commit show ad .. CertificateStore Certificate CMPServer Certificat
cmp ipsec gw ca x cmp/gw cmp/ca Type=CMPv2 Type=Remote Type=Local Type=X Type= CMPServer=ca CACert=cmp/x
CACert=x FQDN=a.b Port=1 Port=x Comments="a~b" Comments=${env:X} CertificateData=file://cl_newcert.der
CertificateData=file://r.der PrivateKey=file://cl_newkey.pem PrivateKey=file://k -clientcert=cmp/gw
-clientcert=gw -initiate -update -revoke -hex -username=0a -password=0b -password= -subject=CN=gw
-subjec=CN=gw -force System:/> System:/CertificateStore/cmp> # " \
"""
WORDS = st.sampled_from([word.replace("~", " ") for word in VOCABULARY.split()])
LINES = st.lists(WORDS, max_size=7).map(" ".join)
SILENCES = st.builds(
    "{}# csc: {}[{}]{}".format,
    st.sampled_from(("", "", "  ")),
    st.sampled_from(("ignore", "ignore-file", "ignor")),
    st.lists(
        st.sampled_from(
            ("CSC401", "unknown-type", "uncommitted-changes", "wrong-value", "x y", "")
        ),
        max_size=3,
    ).map(", ".join),
    st.sampled_from((" why", "", "\r")),
)
SCRIPTS = st.lists(
    LINES | SILENCES | st.just("cc CertificateStore cmp") | st.just("cc"), max_size=14
).map("\n".join)
START = """\
add CertificateStore cmp
cc CertificateStore cmp
add Certificate x Type=Remote CertificateData=file://r.der
add Certificate gw Type=CMPv2 CMPServer=ca
cc
add CMPServer ca CACert=cmp/x FQDN=a.b
"""


def circumstances(base: DeviceState, *, is_strict: bool = False) -> Circumstances:
    return Circumstances(base, ISSUED, {"r.der": "sha256:r", "k": "sha256:k"}.get, None, is_strict)


@settings(deadline=None)
@given(st.sampled_from(("", START)), st.lists(SCRIPTS, min_size=1, max_size=2), st.booleans())
def test_any_script_compiles_to_something(start: str, texts: list[str], is_strict: bool) -> None:
    """Scripts of the language's own words, on an empty device and then on what they left."""
    texts[0] = start + texts[0]
    scripts = [parse(text, f"{n}.cfg") for n, text in enumerate(texts)]
    base = DeviceState()
    for _ in range(2):
        compilation = compile_scripts(scripts, circumstances(base, is_strict=is_strict))
        for form in FORMATS:
            text = render(form, compilation.diagnostics, masked_lines(scripts))
            if form in ("json", "sarif", "gitlab"):
                json.loads(text)
        for script in scripts:
            fixes = [
                d.fix
                for d in compilation.diagnostics
                if d.fix and d.primary.span.file == script.file
            ]
            parse(apply_fixes(script.text, fixes)[0])
        assert (compilation.plan is None) == any(
            d.severity == "error" for d in compilation.diagnostics
        )
        if compilation.plan is None:
            return
        plan_text.render(compilation.plan)
        canonical(plan_to_json(compilation.plan))
        base = carried_out(compilation.prediction)
