import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.cmp.PKIFreeText;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.cmp.PKIStatus;
import org.bouncycastle.asn1.cmp.PKIStatusInfo;
import org.bouncycastle.asn1.cmp.RevDetails;
import org.bouncycastle.asn1.cmp.RevRepContentBuilder;
import org.bouncycastle.asn1.cmp.RevReqContent;
import org.bouncycastle.asn1.crmf.CertId;
import org.bouncycastle.asn1.crmf.CertTemplate;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;

/** Answers rr: revokes a certificate, or revives what is on hold (RFC 9810 5.3.9, RFC 9483 4.2). */
final class Revocation {
    private final Authority authority;
    private final Options options;

    Revocation(Authority authority) {
        this.authority = authority;
        this.options = authority.options;
    }

    PKIBody answer(PKIMessage request, Requester requester) throws Exception {
        RevDetails[] details =
            RevReqContent.getInstance(request.getBody().getContent()).toRevDetailsArray();
        RevRepContentBuilder answer = new RevRepContentBuilder();
        try {
            if (details.length != 1) {
                throw new Refusal(PKIFailureInfo.badRequest, "one certificate at a time");
            }
            if (!options.text("reject").isEmpty()) {
                throw new Refusal(FailureInfo.bit(options.text("reject")), "refused as told");
            }
            Authority.Entry entry = revoke(details[0], requester);
            answer.add(new PKIStatusInfo(PKIStatus.granted), new CertId(
                new GeneralName(entry.certificate.getIssuer()), entry.serial()));
        } catch (Refusal refusal) {
            if (options.has("error-body")) {
                throw refusal;
            }
            answer.add(new PKIStatusInfo(PKIStatus.rejection,
                new PKIFreeText(refusal.getMessage()), new PKIFailureInfo(refusal.failInfo)));
        }
        return new PKIBody(PKIBody.TYPE_REVOCATION_REP, answer.build());
    }

    private Authority.Entry revoke(RevDetails details, Requester requester) throws Exception {
        CertTemplate template = details.getCertDetails();
        if (template.getSerialNumber() == null || template.getIssuer() == null) {
            throw new Refusal(PKIFailureInfo.badCertTemplate, "issuer or serialNumber is missing");
        }
        Authority.Entry entry =
            authority.find(template.getIssuer(), template.getSerialNumber().getValue());
        if (entry == null) {
            throw new Refusal(PKIFailureInfo.badCertId, "no such certificate was issued");
        }
        boolean own = requester.usesSecret()
            ? entry.owner.equals(requester.name()) : entry.certificate.equals(requester.signer());
        if (!own) {
            throw new Refusal(PKIFailureInfo.notAuthorized, "it is not the requester's certificate");
        }
        int reason = reason(details.getCrlEntryDetails());
        boolean revives = reason == Authority.REMOVE_FROM_CRL;
        if (revives && entry.revoked != Authority.ON_HOLD) {
            throw new Refusal(PKIFailureInfo.badRequest, "the certificate is not on hold");
        }
        if (!revives && entry.revoked >= 0 && entry.revoked != Authority.ON_HOLD) {
            throw new Refusal(PKIFailureInfo.certRevoked, "the certificate is revoked already");
        }
        authority.revoke(entry, reason);
        authority.ledger.write(revives ? "revived" : "revoked", entry.serial(), "" + reason);
        return entry;
    }

    private static int reason(Extensions details) throws Refusal {
        Extension extension = details == null ? null : details.getExtension(Extension.reasonCode);
        if (extension == null) {
            return CRLReason.unspecified;
        }
        int reason = CRLReason.getInstance(extension.getParsedValue()).getValue().intValueExact();
        if (reason < 0 || reason == 7 || reason > 10) {
            throw new Refusal(PKIFailureInfo.badDataFormat, "no such reason: " + reason);
        }
        return reason;
    }
}
