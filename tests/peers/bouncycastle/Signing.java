import java.security.PrivateKey;
import java.security.interfaces.ECKey;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;

/** How this CA signs, as its options say. */
final class Signing {
    private Signing() {}

    /** A signer with the digest that is asked for, or else with the one of the key's strength. */
    static ContentSigner signer(PrivateKey key, Options options) throws OperatorCreationException {
        String algorithm = switch (key.getAlgorithm()) {
            case "RSA" -> "SHA" + options.text("digest", "256")
                + (options.has("pss") ? "withRSAandMGF1" : "withRSA");
            case "EC", "ECDSA" -> "SHA" + options.text("digest", Keys.digestFor((ECKey) key)) + "withECDSA";
            default -> key.getAlgorithm();
        };
        return Keys.signer(key, algorithm);
    }
}
