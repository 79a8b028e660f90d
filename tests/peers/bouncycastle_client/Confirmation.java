import java.math.BigInteger;
import java.security.MessageDigest;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.cmp.CertConfirmContent;
import org.bouncycastle.asn1.cmp.CertStatus;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.cmp.PKIFreeText;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.cmp.PKIStatus;
import org.bouncycastle.asn1.cmp.PKIStatusInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.cmp.CertificateConfirmationContentBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/**
 * certConf for a certificate: accepted, or rejected where something speaks against it (RFC 9810 5.3.18).
 *
 * `confirm` is judge, as it stands; reject or empty, which reject whatever it is; error, which is sent instead
 * and ends the transaction (RFC 9810 5.3.21); none, with which nothing is sent.
 * `hashAlg` names the hash, as cmp2021 can. `certConf.certReqId` is another; `certConf.certHash` that of the
 * certificate with that name. `certConf.times` sends it so often.
 */
final class Confirmation {
    private final Transaction transaction;
    private final Command command;

    Confirmation(Transaction transaction) {
        this.transaction = transaction;
        this.command = transaction.command;
    }

    /** Whether the CA knows now that the certificate is accepted. */
    boolean run(X509CertificateHolder certificate, BigInteger certReqId, List<String> objections)
            throws Exception {
        String how = command.text("confirm", "judge");
        if (how.equals("none")) {
            return false;
        }
        if (how.equals("error")) {
            new Polling(transaction).untilAnswered(
                transaction.send(PKIBody.TYPE_ERROR, Statuses.error("as told")), PKIBody.TYPE_CONFIRM);
            return false;
        }
        boolean accepts = how.equals("judge") && objections.isEmpty();
        X509CertificateHolder hashed = command.has("certConf.certHash")
            ? transaction.session.identity(command.text("certConf.certHash")).certificate() : certificate;
        BigInteger id = BigInteger.valueOf(
            command.number("certConf.certReqId", certReqId.intValueExact()));
        ASN1Encodable content = how.equals("empty") ? CertConfirmContent.getInstance(new DERSequence())
            : accepts && !command.has("hashAlg") ? accepted(hashed, id)
            : byHand(hashed, id, accepts ? null : rejection(objections));
        for (int i = 0; i < command.number("certConf.times", 1); i++) {
            PKIMessage answer = transaction.send(PKIBody.TYPE_CERT_CONFIRM, content);
            new Polling(transaction).untilAnswered(answer, PKIBody.TYPE_CONFIRM);
        }
        transaction.report.add("confirmed", accepts ? "accepted" : "rejected");
        return accepts;
    }

    private static CertConfirmContent accepted(X509CertificateHolder certificate, BigInteger id)
            throws Exception {
        return new CertificateConfirmationContentBuilder().addAcceptedCertificate(certificate, id)
            .build(new JcaDigestCalculatorProviderBuilder().setProvider("BC").build())
            .toASN1Structure();
    }

    /** BouncyCastle's builder knows neither rejections nor hashAlg. */
    private CertConfirmContent byHand(
            X509CertificateHolder certificate, BigInteger id, PKIStatusInfo status) throws Exception {
        String name = command.text("hashAlg", "sha256");
        byte[] hash = MessageDigest.getInstance(name.replace("sha", "SHA-"), "BC")
            .digest(certificate.getEncoded());
        CertStatus content = command.has("hashAlg")
            ? new CertStatus(hash, id, status, Macs.hash(name)) : new CertStatus(hash, id, status);
        return CertConfirmContent.getInstance(new DERSequence(content));
    }

    private static PKIStatusInfo rejection(List<String> objections) {
        String why = objections.isEmpty() ? "as told" : String.join("; ", objections);
        return new PKIStatusInfo(PKIStatus.rejection, new PKIFreeText(why),
            new PKIFailureInfo(PKIFailureInfo.badCertTemplate));
    }
}
