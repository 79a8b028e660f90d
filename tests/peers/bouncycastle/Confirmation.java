import java.io.IOException;
import java.io.OutputStream;
import java.security.MessageDigest;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.cmp.CertConfirmContent;
import org.bouncycastle.asn1.cmp.CertStatus;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.cmp.PKIFreeText;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.cmp.PKIStatusInfo;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.operator.DefaultDigestAlgorithmIdentifierFinder;
import org.bouncycastle.operator.DigestCalculator;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/** Takes a certConf for a certificate that waits for it (RFC 9810 5.3.18, RFC 9483 4.1.1). */
final class Confirmation {
    private final Authority authority;

    Confirmation(Authority authority) {
        this.authority = authority;
    }

    /** Book what the requester says of its certificate; refuses what is about another one. */
    void take(PKIMessage request, Authority.Entry entry, ASN1Integer certReqId) throws Exception {
        CertStatus[] statuses =
            CertConfirmContent.getInstance(request.getBody().getContent()).toCertStatusArray();
        if (statuses.length == 0) {
            reject(entry, "empty certConf");
            return;
        }
        if (statuses.length > 1) {
            throw new Refusal(PKIFailureInfo.badRequest, "there is one certificate to confirm");
        }
        CertStatus status = statuses[0];
        if (!status.getCertReqId().equals(certReqId)) {
            throw new Refusal(PKIFailureInfo.badRequest,
                "certReqId is " + status.getCertReqId() + ", not " + certReqId);
        }
        int version = request.getHeader().getPvno().intValueExact();
        byte[] expected = hash(entry.certificate, status.getHashAlg(), version);
        if (!MessageDigest.isEqual(expected, status.getCertHash().getOctets())) {
            throw new Refusal(PKIFailureInfo.badCertId, "certHash is not the certificate's");
        }
        PKIStatusInfo info = status.getStatusInfo();
        int value = info == null ? 0 : info.getStatus().intValueExact();
        switch (value) {
            case 0 -> confirm(entry, "");
            case 2 -> reject(entry, words(info));
            default -> throw new Refusal(
                PKIFailureInfo.badRequest, "a certConf accepts or rejects (RFC 9810 5.3.18)");
        }
    }

    void confirm(Authority.Entry entry, String how) {
        entry.confirmed = true;
        authority.ledger.write("confirmed", entry.serial(), how);
    }

    /** A certificate that its requester does not want is revoked, too (RFC 9810 5.3.18). */
    void reject(Authority.Entry entry, String why) throws Exception {
        authority.revoke(entry, 0);
        authority.ledger.write("rejected", entry.serial(), why);
    }

    private static String words(PKIStatusInfo info) throws ReflectiveOperationException {
        StringBuilder words = new StringBuilder();
        if (info.getFailInfo() != null) {
            words.append(FailureInfo.names(new PKIFailureInfo(info.getFailInfo())));
        }
        PKIFreeText text = info.getStatusString();
        for (int i = 0; text != null && i < text.size(); i++) {
            words.append(' ').append(text.getStringAtUTF8(i).getString());
        }
        return words.toString().trim();
    }

    private static byte[] hash(
            X509CertificateHolder certificate, AlgorithmIdentifier named, int version)
            throws Refusal, IOException {
        AlgorithmIdentifier algorithm = named;
        if (named != null && version < 3) {
            throw new Refusal(PKIFailureInfo.badRequest, "hashAlg needs pvno 3");
        }
        ASN1ObjectIdentifier signature = certificate.getSignatureAlgorithm().getAlgorithm();
        boolean ed25519 = signature.equals(EdECObjectIdentifiers.id_Ed25519);
        boolean ed448 = signature.equals(EdECObjectIdentifiers.id_Ed448);
        if (named == null && (ed25519 || ed448)) {
            // EdDSA names no hash in its identifier: RFC 9810 5.3.18 wants hashAlg. CMPv2 has no such
            // field, so there the hash is the one that the algorithm uses inside (RFC 9481 3.3).
            if (version >= 3) {
                throw new Refusal(PKIFailureInfo.badCertId, "the certificate's EdDSA needs hashAlg");
            }
            algorithm = new AlgorithmIdentifier(
                ed25519 ? NISTObjectIdentifiers.id_sha512 : NISTObjectIdentifiers.id_shake256);
        } else if (named == null) {
            algorithm = new DefaultDigestAlgorithmIdentifierFinder()
                .find(certificate.getSignatureAlgorithm());
        }
        byte[] data = certificate.toASN1Structure().getEncoded(ASN1Encoding.DER);
        try {
            // RFC 9481 2.2: SHAKE256 gives 512 bits here.
            if (algorithm.getAlgorithm().equals(NISTObjectIdentifiers.id_shake256)) {
                return MessageDigest.getInstance("SHAKE256-512", "BC").digest(data);
            }
            DigestCalculator calculator = new JcaDigestCalculatorProviderBuilder()
                .setProvider("BC").build().get(algorithm);
            try (OutputStream out = calculator.getOutputStream()) {
                out.write(data);
            }
            return calculator.getDigest();
        } catch (java.security.GeneralSecurityException | OperatorCreationException e) {
            throw new Refusal(PKIFailureInfo.badAlg, "no such hashAlg: " + e.getMessage());
        }
    }
}
