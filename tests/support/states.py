"""States compared: what was predicted with what has come of it."""

from dataclasses import replace

from csc.compiler.configuration import Configuration, FileValue
from csc.compiler.device import DeviceState


def matches(predicted: DeviceState, actual: DeviceState) -> None:
    """The states are the same under one renaming of planned contents into real ones."""
    names: dict[str, str] = {}

    def same(planned: str, real: str) -> None:
        assert names.setdefault(planned, real) == real
        assert planned.startswith("planned:") or planned == real

    def same_configuration(planned: Configuration, real: Configuration) -> None:
        assert planned.keys() == real.keys()
        for address, properties in planned.items():
            assert properties.keys() == real[address].keys()
            for name, value in properties.items():
                other = real[address][name]
                if isinstance(value, FileValue) and isinstance(other, FileValue):
                    same(value.content, other.content)
                else:
                    assert value == other

    for name in ("committed", "active", "candidate"):
        same_configuration(getattr(predicted, name), getattr(actual, name))
    assert predicted.files.keys() == actual.files.keys()
    for name, content in predicted.files.items():
        same(content, actual.files[name])
    assert predicted.certificates.keys() == actual.certificates.keys()
    for address, record in predicted.certificates.items():
        real = actual.certificates[address]
        same(record.certificate, real.certificate)
        same(record.key, real.key)
        assert real == replace(
            real,
            request=record.request,
            subject=record.subject,
            script=record.script,
            operations=record.operations,
            is_revoked=record.is_revoked,
        )
    assert len(set(names.values())) == len(names)
    assert predicted.left_by == actual.left_by
