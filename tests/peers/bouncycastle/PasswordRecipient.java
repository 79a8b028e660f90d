import javax.crypto.Cipher;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import java.security.Key;
import java.security.SecureRandom;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.cms.PasswordRecipientInfo;
import org.bouncycastle.asn1.cms.RecipientInfo;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PBKDF2Params;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.RecipientInfoGenerator;
import org.bouncycastle.jcajce.spec.PBKDF2KeySpec;
import org.bouncycastle.operator.GenericKey;

/**
 * The content key, encrypted under a key from the shared secret (RFC 9483 4.1.6.3): wrapped with AES
 * (RFC 9481 4.3.1), or with --pwri-kek as RFC 3211 has it, which is all that BouncyCastle itself makes.
 */
final class PasswordRecipient implements RecipientInfoGenerator {
    private static final int ITERATIONS = 2000;

    private final Requester requester;
    private final Options options;
    private final SecureRandom random;

    PasswordRecipient(Requester requester, Authority authority) {
        this.requester = requester;
        this.options = authority.options;
        this.random = authority.random;
    }

    @Override
    public RecipientInfo generate(GenericKey contentKey) throws CMSException {
        byte[] salt = bytes(16);
        AlgorithmIdentifier prf = Macs.hmac("sha256");
        AlgorithmIdentifier derivation = new AlgorithmIdentifier(
            PKCSObjectIdentifiers.id_PBKDF2, new PBKDF2Params(salt, ITERATIONS, 32, prf));
        Object representation = contentKey.getRepresentation();
        byte[] plain = representation instanceof Key key ? key.getEncoded() : (byte[]) representation;
        try {
            byte[] derived = SecretKeyFactory.getInstance("PBKDF2", "BC").generateSecret(
                new PBKDF2KeySpec(requester.secret(), salt, ITERATIONS, 256, prf)).getEncoded();
            SecretKeySpec key = new SecretKeySpec(derived, "AES");
            PasswordRecipientInfo info = options.has("pwri-kek")
                ? padded(derivation, key, plain) : wrapped(derivation, key, plain);
            return new RecipientInfo(info);
        } catch (java.security.GeneralSecurityException e) {
            throw new CMSException("cannot wrap the content key", e);
        }
    }

    private static PasswordRecipientInfo wrapped(
            AlgorithmIdentifier derivation, SecretKeySpec key, byte[] plain)
            throws java.security.GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AESWrap", "BC");
        cipher.init(Cipher.WRAP_MODE, key);
        byte[] encrypted = cipher.wrap(new SecretKeySpec(plain, "AES"));
        return new PasswordRecipientInfo(derivation,
            new AlgorithmIdentifier(NISTObjectIdentifiers.id_aes256_wrap),
            new DEROctetString(encrypted));
    }

    private PasswordRecipientInfo padded(
            AlgorithmIdentifier derivation, SecretKeySpec key, byte[] plain)
            throws java.security.GeneralSecurityException {
        byte[] iv = bytes(16);
        Cipher cipher = Cipher.getInstance("AESRFC3211WRAP", "BC");
        cipher.init(Cipher.WRAP_MODE, key, new IvParameterSpec(iv));
        byte[] encrypted = cipher.wrap(new SecretKeySpec(plain, "AES"));
        return new PasswordRecipientInfo(derivation,
            new AlgorithmIdentifier(PKCSObjectIdentifiers.id_alg_PWRI_KEK,
                new DERSequence(new ASN1Encodable[] {
                    NISTObjectIdentifiers.id_aes256_CBC, new DEROctetString(iv)})),
            new DEROctetString(encrypted));
    }

    private byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }
}
