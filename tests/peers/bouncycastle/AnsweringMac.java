import java.security.SecureRandom;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.cmp.CMPObjectIdentifiers;
import org.bouncycastle.asn1.cmp.PBMParameter;
import org.bouncycastle.asn1.pkcs.PBKDF2Params;
import org.bouncycastle.asn1.pkcs.PBMAC1Params;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;

/** How this CA makes the MACs of its answers. */
final class AnsweringMac {
    private static final ASN1ObjectIdentifier HMAC_SHA1 =
        new ASN1ObjectIdentifier("1.3.6.1.5.5.8.1.2");

    private AnsweringMac() {}

    /** The MAC of an answer: as in the request, with a salt of its own, but for what options say. */
    static AlgorithmIdentifier answering(
            AlgorithmIdentifier asked, Options options, SecureRandom random) {
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
            : new PBMParameter(salt, Macs.hash("sha256"), 1000, Macs.hmac("sha256"));
        AlgorithmIdentifier owf = options.text("owf").isEmpty() ? model.getOwf()
            : Macs.hash(options.text("owf"));
        AlgorithmIdentifier mac = options.text("mac-hash").isEmpty() ? model.getMac()
            : options.text("mac-hash").equals("sha1")
                ? new AlgorithmIdentifier(HMAC_SHA1) : Macs.hmac(options.text("mac-hash"));
        int iterations = options.text("iterations").isEmpty()
            ? model.getIterationCount().intValueExact() : options.number("iterations");
        return new AlgorithmIdentifier(CMPObjectIdentifiers.passwordBasedMac,
            new PBMParameter(salt, owf, iterations, mac));
    }

    private static AlgorithmIdentifier pbmac1(
            AlgorithmIdentifier asked, Options options, byte[] salt) {
        AlgorithmIdentifier prf = Macs.hmac(options.text("owf", "sha256"));
        AlgorithmIdentifier mac = Macs.hmac(options.text("mac-hash", "sha256"));
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
        return Macs.pbmac1(salt, prf, iterations, mac);
    }
}
