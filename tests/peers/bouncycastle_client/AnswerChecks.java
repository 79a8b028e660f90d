import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIHeader;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.cmp.CMPException;
import org.bouncycastle.cert.cmp.GeneralPKIMessage;
import org.bouncycastle.cert.cmp.ProtectedPKIMessage;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;

/**
 * What is checked of every answer; what is not right is reported, and ends the transaction.
 *
 * 1. pvno is the request's, or the nearest that there is (RFC 9810 7).
 * 2. transactionID is the request's, if that has one.
 * 3. recipNonce is the request's senderNonce; or of the first request, if it was polled for (RFC 9483 3.1).
 * 4. senderNonce has 128 bits at least, and was not there before.
 * 5. messageTime, if there is one, is of now.
 * 6. recipient is the request's sender; of an error it can be the RA that carried the request.
 * 7. MAC: with the secret, of the request's kind, and senderKID is the reference.
 * 8. Signature: by the first of extraCerts, which leads to the root and may sign; sender and senderKID are
 *    its own. Where the request had a MAC, nothing but an error is signed (RFC 9483 3.2).
 */
final class AnswerChecks {
    private static final Duration TOLERANCE = Duration.ofMinutes(5);

    private final Transaction transaction;
    private final PKIHeader asked;
    private final PKIMessage answer;
    private final PKIHeader header;
    private boolean isRight = true;

    AnswerChecks(Transaction transaction, PKIMessage request, PKIMessage answer) {
        this.transaction = transaction;
        this.asked = request.getHeader();
        this.answer = answer;
        this.header = answer.getHeader();
    }

    void check() throws Exception {
        int version = Math.min(Math.max(asked.getPvno().intValueExact(), 2), 3);
        expect(header.getPvno().intValueExact() == version, "1: pvno is " + header.getPvno()); // 1
        expect(asked.getTransactionID() == null
            || same(asked.getTransactionID(), header.getTransactionID()), "2: another transactionID");
        checkNonces(); // 3, 4
        expect(header.getMessageTime() == null || Duration.between(
            header.getMessageTime().getDate().toInstant(), Instant.now()).abs().compareTo(TOLERANCE) < 0,
            "5: messageTime is " + header.getMessageTime());
        boolean isForCarrier = answer.getBody().getType() == PKIBody.TYPE_ERROR
            && header.getRecipient().equals(transaction.carrier);
        expect(isForCarrier || asked.getSender().equals(header.getRecipient()),
            "6: recipient is " + header.getRecipient());
        List<X509CertificateHolder> extra = Trust.holders(answer.getExtraCerts());
        transaction.others.addAll(extra);
        AlgorithmIdentifier algorithm = header.getProtectionAlg();
        if (algorithm == null || answer.getProtection() == null) {
            expect(false, "the answer is not protected");
        } else if (Macs.isMac(algorithm)) {
            checkMac(algorithm); // 7
        } else {
            checkSignature(extra); // 8
        }
        if (!isRight) {
            throw new Over("the answer is not right");
        }
    }

    private void expect(boolean condition, String finding) {
        if (!condition) {
            transaction.report.find(finding);
            isRight = false;
        }
    }

    private static boolean same(ASN1OctetString one, ASN1OctetString other) {
        return one != null && other != null && Arrays.equals(one.getOctets(), other.getOctets());
    }

    private void checkNonces() {
        ASN1OctetString returned = header.getRecipNonce();
        boolean isLast = same(asked.getSenderNonce(), returned)
            || (asked.getSenderNonce() == null && returned == null);
        boolean wasPolledFor = transaction.sent.get(transaction.sent.size() - 1).getBody().getType()
            == PKIBody.TYPE_POLL_REQ && answer.getBody().getType() != PKIBody.TYPE_POLL_REP;
        boolean isFirst = wasPolledFor
            && same(transaction.sent.get(0).getHeader().getSenderNonce(), returned);
        expect(isLast || isFirst, "3: recipNonce is not the senderNonce of the request");
        if (wasPolledFor) {
            transaction.report.add("recipNonce", isFirst ? "of the request" : "of the last pollReq");
        }
        ASN1OctetString fresh = header.getSenderNonce();
        expect(fresh != null && fresh.getOctets().length >= Transaction.NONCE_LENGTH,
            "4: senderNonce is missing, or short");
        expect(transaction.sent.stream().noneMatch(
                message -> same(message.getHeader().getSenderNonce(), fresh)
                    || same(message.getHeader().getRecipNonce(), fresh)),
            "4: senderNonce was there before");
    }

    private void checkMac(AlgorithmIdentifier algorithm) throws CMPException {
        if (!(transaction.credential instanceof Credential.Secret secret)) {
            expect(false, "7: a MAC, and there is no secret");
            return;
        }
        expect(algorithm.getAlgorithm().equals(secret.mac().getAlgorithm()), "7: another kind of MAC");
        expect(Arrays.equals(secret.keyId(), octets(header.getSenderKID())),
            "7: senderKID is not the reference");
        ProtectedPKIMessage message = new ProtectedPKIMessage(new GeneralPKIMessage(answer));
        expect(message.verify(Macs::calculator, secret.secret()), "7: the MAC is wrong");
    }

    private static byte[] octets(ASN1OctetString string) {
        return string == null ? null : string.getOctets();
    }

    private void checkSignature(List<X509CertificateHolder> extra) throws CMPException, OperatorCreationException {
        expect(answer.getBody().getType() == PKIBody.TYPE_ERROR
            || transaction.credential instanceof Credential.Signer, "8: signed, and not with a MAC");
        if (extra.isEmpty()) {
            expect(false, "8: the signer is not in extraCerts");
            return;
        }
        X509CertificateHolder signer = extra.get(0);
        String problem = Trust.problem(signer, transaction.others, transaction.root);
        expect(problem == null, "8: the signer: " + problem);
        Extension usage = signer.getExtension(Extension.keyUsage);
        expect(usage == null
            || KeyUsage.getInstance(usage.getParsedValue()).hasUsages(KeyUsage.digitalSignature),
            "8: the signer may not sign");
        expect(header.getSender().equals(new GeneralName(signer.getSubject())),
            "8: sender is not the signer");
        expect(Arrays.equals(Credential.keyIdOf(signer), octets(header.getSenderKID())),
            "8: senderKID is not the signer's");
        ProtectedPKIMessage message = new ProtectedPKIMessage(new GeneralPKIMessage(answer));
        try {
            expect(message.verify(new JcaContentVerifierProviderBuilder().setProvider("BC").build(signer)),
                "8: the signature is wrong");
        } catch (java.security.cert.CertificateException e) {
            expect(false, "8: the signer's key cannot be read");
        }
    }
}
