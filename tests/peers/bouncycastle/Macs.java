import java.io.IOException;
import java.io.OutputStream;
import java.security.SecureRandom;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.cmp.CMPObjectIdentifiers;
import org.bouncycastle.asn1.cmp.PBMParameter;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.oiw.OIWObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PBKDF2Params;
import org.bouncycastle.asn1.pkcs.PBMAC1Params;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.crmf.CRMFException;
import org.bouncycastle.cert.crmf.PKMACBuilder;
import org.bouncycastle.cert.crmf.jcajce.JcePKMACValuesCalculator;
import org.bouncycastle.operator.MacCalculator;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.pkcs.jcajce.JcePBMac1CalculatorBuilder;

/** MACs with a shared secret: PBM (RFC 9810 5.1.3.1) and PBMAC1 (RFC 9481 6.1.2). */
final class Macs {
    private static final int MOST_ITERATIONS = 1_000_000;
    private static final ASN1ObjectIdentifier HMAC_SHA1 =
        new ASN1ObjectIdentifier("1.3.6.1.5.5.8.1.2");

    private Macs() {}

    static boolean isMac(AlgorithmIdentifier algorithm) {
        return algorithm.getAlgorithm().equals(CMPObjectIdentifiers.passwordBasedMac)
            || algorithm.getAlgorithm().equals(PKCSObjectIdentifiers.id_PBMAC1);
    }

    static PKMACBuilder passwordBased() {
        return new PKMACBuilder(new JcePKMACValuesCalculator().setProvider("BC"), MOST_ITERATIONS);
    }

    /** The calculator of the MAC that a message names. */
    static MacCalculator calculator(AlgorithmIdentifier algorithm, char[] secret)
            throws OperatorCreationException {
        if (algorithm.getAlgorithm().equals(CMPObjectIdentifiers.passwordBasedMac)) {
            return passwordBased().get(algorithm, secret);
        }
        PBMAC1Params parameters = PBMAC1Params.getInstance(algorithm.getParameters());
        // BouncyCastle 1.72 does not look at the PRF that the parameters name.
        AlgorithmIdentifier prf =
            PBKDF2Params.getInstance(parameters.getKeyDerivationFunc().getParameters()).getPrf();
        return new JcePBMac1CalculatorBuilder(parameters).setPrf(prf).setProvider("BC").build(secret);
    }

    /** The MAC of an answer: as in the request, with a salt of its own, but for what options say. */
    static AlgorithmIdentifier answering(
            AlgorithmIdentifier asked, Options options, SecureRandom random)
            throws CRMFException {
        boolean pbmac1 = options.text("mac").isEmpty()
            ? asked.getAlgorithm().equals(PKCSObjectIdentifiers.id_PBMAC1)
            : options.text("mac").equals("pbmac1");
        byte[] salt = new byte[16];
        random.nextBytes(salt);
        return pbmac1 ? pbmac1(asked, options, salt) : pbm(asked, options, salt);
    }

    private static AlgorithmIdentifier pbm(
            AlgorithmIdentifier asked, Options options, byte[] salt) {
        PBMParameter model = asked.getAlgorithm().equals(CMPObjectIdentifiers.passwordBasedMac)
            ? PBMParameter.getInstance(asked.getParameters())
            : new PBMParameter(salt, hash("sha256"), 1000, hmac("sha256"));
        AlgorithmIdentifier owf = options.text("owf").isEmpty() ? model.getOwf()
            : hash(options.text("owf"));
        AlgorithmIdentifier mac = options.text("mac-hash").isEmpty() ? model.getMac()
            : options.text("mac-hash").equals("sha1")
                ? new AlgorithmIdentifier(HMAC_SHA1) : hmac(options.text("mac-hash"));
        int iterations = options.text("iterations").isEmpty()
            ? model.getIterationCount().intValueExact() : options.number("iterations");
        return new AlgorithmIdentifier(CMPObjectIdentifiers.passwordBasedMac,
            new PBMParameter(salt, owf, iterations, mac));
    }

    private static AlgorithmIdentifier pbmac1(
            AlgorithmIdentifier asked, Options options, byte[] salt) {
        AlgorithmIdentifier prf = hmac(options.text("owf", "sha256"));
        AlgorithmIdentifier mac = hmac(options.text("mac-hash", "sha256"));
        int iterations = options.text("iterations").isEmpty() ? 2000 : options.number("iterations");
        if (asked.getAlgorithm().equals(PKCSObjectIdentifiers.id_PBMAC1)) {
            PBMAC1Params model = PBMAC1Params.getInstance(asked.getParameters());
            PBKDF2Params kdf =
                PBKDF2Params.getInstance(model.getKeyDerivationFunc().getParameters());
            prf = options.text("owf").isEmpty() ? kdf.getPrf() : prf;
            mac = options.text("mac-hash").isEmpty() ? model.getMessageAuthScheme() : mac;
            iterations = options.text("iterations").isEmpty()
                ? kdf.getIterationCount().intValueExact() : iterations;
        }
        int length = mac.getAlgorithm().equals(PKCSObjectIdentifiers.id_hmacWithSHA512) ? 64 : 32;
        return new AlgorithmIdentifier(PKCSObjectIdentifiers.id_PBMAC1, new PBMAC1Params(
            new AlgorithmIdentifier(PKCSObjectIdentifiers.id_PBKDF2,
                new PBKDF2Params(salt, iterations, length, prf)),
            mac));
    }

    static AlgorithmIdentifier hash(String name) {
        return switch (name) {
            case "sha1" -> new AlgorithmIdentifier(OIWObjectIdentifiers.idSHA1);
            case "sha256" -> new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha256);
            case "sha512" -> new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha512);
            default -> throw new IllegalArgumentException("no such hash: " + name);
        };
    }

    static AlgorithmIdentifier hmac(String name) {
        ASN1ObjectIdentifier id = switch (name) {
            case "sha1" -> PKCSObjectIdentifiers.id_hmacWithSHA1;
            case "sha256" -> PKCSObjectIdentifiers.id_hmacWithSHA256;
            case "sha512" -> PKCSObjectIdentifiers.id_hmacWithSHA512;
            default -> throw new IllegalArgumentException("no such hash: " + name);
        };
        return new AlgorithmIdentifier(id, DERNull.INSTANCE);
    }

    static byte[] mac(MacCalculator calculator, byte[] data) throws IOException {
        try (OutputStream out = calculator.getOutputStream()) {
            out.write(data);
        }
        return calculator.getMac();
    }
}
