import java.io.IOException;
import java.io.OutputStream;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.interfaces.ECKey;
import java.security.spec.ECGenParameterSpec;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.ContentVerifier;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;

/** Key pairs by their short names, and what signs and verifies with them. */
final class Keys {
    /** A certificate and its private key. */
    record Identity(X509CertificateHolder certificate, PrivateKey key) {}

    private Keys() {}

    /** RSA keys come from the JDK, which is quicker at it. */
    static KeyPair generate(String kind) throws GeneralSecurityException {
        return switch (kind) {
            case "rsa2048", "rsa3072", "rsa4096" -> {
                KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
                generator.initialize(Integer.parseInt(kind.substring(3)));
                yield generator.generateKeyPair();
            }
            case "p256", "p384", "p521" -> {
                KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", "BC");
                generator.initialize(new ECGenParameterSpec("P-" + kind.substring(1)));
                yield generator.generateKeyPair();
            }
            case "ed25519", "ed448" -> KeyPairGenerator.getInstance(kind, "BC").generateKeyPair();
            default -> throw new IllegalArgumentException("no such kind of key: " + kind);
        };
    }

    /** A signer with the digest of the key's strength. */
    static ContentSigner signer(PrivateKey key) throws OperatorCreationException {
        return signer(key, switch (key.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC", "ECDSA" -> "SHA" + digestFor((ECKey) key) + "withECDSA";
            default -> key.getAlgorithm();
        });
    }

    static ContentSigner signer(PrivateKey key, String algorithm) throws OperatorCreationException {
        return new JcaContentSignerBuilder(algorithm).setProvider("BC").build(key);
    }

    /** The digest, in bits, of the strength of a key on a curve. */
    static String digestFor(ECKey key) {
        int size = key.getParams().getCurve().getField().getFieldSize();
        return size <= 256 ? "256" : size <= 384 ? "384" : "512";
    }

    /** The verifier of signatures under a key. Throws where the algorithm is not one of that key. */
    static ContentVerifier verifier(
            SubjectPublicKeyInfo key, org.bouncycastle.asn1.x509.AlgorithmIdentifier algorithm)
            throws OperatorCreationException {
        return new JcaContentVerifierProviderBuilder().setProvider("BC").build(key).get(algorithm);
    }

    static boolean verifies(
            SubjectPublicKeyInfo key,
            org.bouncycastle.asn1.x509.AlgorithmIdentifier algorithm,
            byte[] data,
            byte[] signature) {
        try {
            ContentVerifier verifier = verifier(key, algorithm);
            try (OutputStream out = verifier.getOutputStream()) {
                out.write(data);
            }
            return verifier.verify(signature);
        } catch (OperatorCreationException | IOException | RuntimeException e) {
            return false;
        }
    }
}
