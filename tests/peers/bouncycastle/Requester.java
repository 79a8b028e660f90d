import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;

/** Who protected a request, and how: with a shared secret, or with a certificate's key. */
record Requester(
        byte[] reference,
        char[] secret,
        AlgorithmIdentifier mac,
        X509CertificateHolder signer,
        boolean vendor) {

    static Requester withSecret(byte[] reference, char[] secret, AlgorithmIdentifier mac) {
        return new Requester(reference, secret, mac, null, false);
    }

    static Requester withSignature(X509CertificateHolder signer, boolean vendor) {
        return new Requester(null, null, null, signer, vendor);
    }

    boolean usesSecret() {
        return secret != null;
    }

    /** What is the same in all messages of one requester. */
    String name() {
        return usesSecret()
            ? "reference " + new String(reference, java.nio.charset.StandardCharsets.UTF_8)
            : "certificate " + signer.getIssuer() + " " + signer.getSerialNumber().toString(16);
    }
}
