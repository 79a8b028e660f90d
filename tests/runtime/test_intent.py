"""An open operation is taken up only by one that asks for the same."""

import hashlib
from dataclasses import replace

import pytest
from csc.compiler.plan import CmpOperation, RequestType
from csc.compiler.serialize import canonical
from csc.runtime.operation import _intent
from support.cases import CASES, compile_case


def operation(case: str) -> CmpOperation:
    plan = compile_case(CASES / "extensions" / f"{case}.cfg").plan
    assert plan is not None
    (found,) = (step.action for step in plan.steps if isinstance(step.action, CmpOperation))
    return found


def intent(asked: CmpOperation) -> str:
    return _intent(asked, str)


def test_without_own_options_it_is_what_older_states_hold() -> None:
    asked = operation("enrolled")
    document = [
        "initiate",
        "/CertificateStore/cmp/Certificate/gw",
        "http://ca.example.com:80/",
        "sha256:root.der",
        "subject CN=gw from ca",
        None,
    ]
    assert intent(asked) == hashlib.sha256(canonical(document).encode()).hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        {"request_type": RequestType.CR},
        {"request_type": RequestType.P10CR},
        {"san": ("DNS:gw",)},
        {"key_type": "ec:p256"},
        {"is_central": True},
        {"profile": "gateways"},
        {"reason": "superseded"},
        {"signer_certificate": "sha256:vendor.der"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_what_own_options_ask_for_is_in_it(other: dict[str, object]) -> None:
    asked = operation("enrolled")
    assert intent(replace(asked, **other)) != intent(asked)


def test_a_request_for_implicit_confirmation_is_another_one() -> None:
    asked = operation("enrolled")
    assert intent(replace(asked, server=replace(asked.server, is_implicit=True))) != intent(asked)


def test_names_of_an_update_are_in_it() -> None:
    asked = operation("update")
    assert intent(replace(asked, san=())) != intent(asked)
