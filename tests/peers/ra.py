"""An RA between end entities and a CA (RFC 9483 5.2): protects messages once more, or instead."""

import os
from dataclasses import dataclass, replace

from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.model import (
    BodyType,
    CertReqMessages,
    InfoTypeAndValue,
    NestedMessageContent,
    PKIBody,
    PKIHeader,
    PKIMessage,
    PopoKind,
    ProofOfPossession,
)
from csc.runtime.cmp.protection import Credential, SignatureCredential, protect
from csc.runtime.sandbox.ca import SandboxCA

from .asker import SECRET, SUBJECT, cert_req, header, issued, template
from .certificates import name, new_key
from .der import wrap

RA_VERIFIED = ProofOfPossession(PopoKind.RA_VERIFIED)


def message(body: PKIBody, head: PKIHeader | None = None, credential: Credential = SECRET) -> bytes:
    """An end entity's message, whose sender is the one who protects it."""
    head = head or header()
    if isinstance(credential, SignatureCredential):
        head = replace(head, sender=credential.certificate.subject)
    return protect(head, body, credential, random=os.urandom)


def ra_verified(body_type: BodyType = BodyType.IR, **changes: object) -> PKIBody:
    """A request for a certificate whose proof of possession says that an RA saw it."""
    request = replace(cert_req(template(**changes)), pop=RA_VERIFIED)
    return PKIBody(body_type, CertReqMessages((request,)))


def granted(answer: PKIMessage) -> BodyType | None:
    """The type of an answer that brings a certificate; a refusal may have that type, too (RFC 9483 3.6.2)."""
    issued(answer)
    return answer.body.type


def originals(*messages: bytes) -> InfoTypeAndValue:
    """origPKIMessage with these messages (RFC 9810 5.1.3.5)."""
    return InfoTypeAndValue("1.3.6.1.5.5.7.4.15", wrap(0x30, *messages))


@dataclass(frozen=True, slots=True)
class RA:
    """An RA with what it protects messages with."""

    credential: Credential

    def sends(self, body: PKIBody, head: PKIHeader | None = None) -> bytes:
        """A message of its own, or of somebody else with the protection replaced."""
        return message(body, head, self.credential)

    def protects(self, inner: bytes, **changes: object) -> bytes:
        """A message of somebody else with the RA's protection around it (RFC 9483 5.2.2.1)."""
        head = decode(inner).header
        copied = {
            "recipient": head.recipient,
            "transaction_id": head.transaction_id,
            "sender_nonce": head.sender_nonce,
            "recip_nonce": head.recip_nonce,
        }
        return self.batches(inner, **copied | changes)

    def batches(self, *inner: bytes, **changes: object) -> bytes:
        """Messages in a wrapper with a transaction of its own (RFC 9483 5.2.2.2)."""
        body = PKIBody(BodyType.NESTED, NestedMessageContent(inner))
        return self.sends(body, header(**{"sender": SUBJECT} | changes))


def new_ra(ca: SandboxCA) -> RA:
    """An RA with a certificate of the CA that says so."""
    key = new_key()
    return RA(SignatureCredential(ca.issue_ra(name("ra"), key.public_key()), key))
