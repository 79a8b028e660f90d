import java.io.IOException;
import java.io.OutputStream;
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
import org.bouncycastle.cert.crmf.PKMACBuilder;
import org.bouncycastle.cert.crmf.jcajce.JcePKMACValuesCalculator;
import org.bouncycastle.operator.GenericKey;
import org.bouncycastle.operator.MacCalculator;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.pkcs.jcajce.JcePBMac1CalculatorBuilder;

/** MACs with a shared secret: PBM (RFC 9810 5.1.3.1) and PBMAC1 (RFC 9481 6.1.2). */
final class Macs {
    private static final int MOST_ITERATIONS = 1_000_000;

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
        return named(algorithm,
            new JcePBMac1CalculatorBuilder(parameters).setPrf(prf).setProvider("BC").build(secret));
    }

    /** BouncyCastle 1.72 names PBES2 as the key derivation of its PBMAC1, where RFC 8018 A.5 has PBKDF2. */
    private static MacCalculator named(AlgorithmIdentifier algorithm, MacCalculator calculator) {
        return new MacCalculator() {
            @Override
            public AlgorithmIdentifier getAlgorithmIdentifier() {
                return algorithm;
            }

            @Override
            public OutputStream getOutputStream() {
                return calculator.getOutputStream();
            }

            @Override
            public byte[] getMac() {
                return calculator.getMac();
            }

            @Override
            public GenericKey getKey() {
                return calculator.getKey();
            }
        };
    }

    /** Password-based MAC with one hash for the key and the HMAC. */
    static AlgorithmIdentifier pbm(byte[] salt, String hash, int iterations) {
        return new AlgorithmIdentifier(CMPObjectIdentifiers.passwordBasedMac,
            new PBMParameter(salt, hash(hash), iterations, hmac(hash)));
    }

    /** PBMAC1 with PBKDF2, and a key as long as the HMAC's hash. */
    static AlgorithmIdentifier pbmac1(
            byte[] salt, AlgorithmIdentifier prf, int iterations, AlgorithmIdentifier mac) {
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
