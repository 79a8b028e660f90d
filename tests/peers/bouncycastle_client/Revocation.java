import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.cmp.PKIStatusInfo;
import org.bouncycastle.asn1.cmp.RevDetails;
import org.bouncycastle.asn1.cmp.RevRepContent;
import org.bouncycastle.asn1.cmp.RevReqContent;
import org.bouncycastle.asn1.crmf.CertId;
import org.bouncycastle.asn1.crmf.CertTemplate;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.cmp.RevocationDetailsBuilder;

/** rr for the certificate called `old`, with the CRLReason `reason`, and its rp (RFC 9483 4.2). */
final class Revocation {
    private final Transaction transaction;

    Revocation(Transaction transaction) {
        this.transaction = transaction;
    }

    void run() throws Exception {
        Command command = transaction.command;
        X509CertificateHolder old =
            transaction.session.identity(command.text("old")).certificate();
        CertTemplate template = new RevocationDetailsBuilder()
            .setIssuer(old.getIssuer())
            .setSerialNumber(command.has("serial")
                ? new java.math.BigInteger(command.text("serial"), 16) : old.getSerialNumber())
            .build().toASN1Structure().getCertDetails();
        // BouncyCastle's builder has no place for the reason.
        ASN1Encodable reason = CRLReason.lookup(command.number("reason", 0));
        RevDetails details = new RevDetails(template, new Extensions(new Extension(
            Extension.reasonCode, false, reason.toASN1Primitive().getEncoded())));
        PKIMessage answer = new Polling(transaction).untilAnswered(
            transaction.send(PKIBody.TYPE_REVOCATION_REQ, new RevReqContent(details)),
            PKIBody.TYPE_REVOCATION_REP);
        RevRepContent content = RevRepContent.getInstance(answer.getBody().getContent());
        PKIStatusInfo[] statuses = content.getStatus();
        if (statuses.length != 1) {
            transaction.report.find(statuses.length + " statuses for one certificate");
        }
        for (PKIStatusInfo status : statuses) {
            Statuses.report(transaction.report, status);
        }
        CertId[] named = content.getRevCerts();
        if (named != null && !(named.length == 1
                && named[0].getSerialNumber().equals(new ASN1Integer(old.getSerialNumber())))) {
            transaction.report.find("revCerts are not the certificate that was to be revoked");
        }
    }
}
