import java.security.Key;
import java.security.PrivateKey;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.cms.EncryptedContentInfo;
import org.bouncycastle.asn1.cms.EnvelopedData;
import org.bouncycastle.asn1.cms.KeyAgreeRecipientInfo;
import org.bouncycastle.asn1.cms.OriginatorIdentifierOrKey;
import org.bouncycastle.asn1.cms.OriginatorPublicKey;
import org.bouncycastle.asn1.cms.PasswordRecipientInfo;
import org.bouncycastle.asn1.cms.RecipientInfo;
import org.bouncycastle.asn1.crmf.EncryptedKey;
import org.bouncycastle.asn1.crmf.EncryptedValue;
import org.bouncycastle.asn1.pkcs.PBKDF2Params;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.crmf.EncryptedValueParser;
import org.bouncycastle.cert.crmf.jcajce.JceAsymmetricValueDecryptorGenerator;
import org.bouncycastle.cms.CMSEnvelopedData;
import org.bouncycastle.cms.KeyAgreeRecipientInformation;
import org.bouncycastle.cms.KeyTransRecipientInformation;
import org.bouncycastle.cms.PasswordRecipient;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.jcajce.JceKeyAgreeEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JcePasswordEnvelopedRecipient;
import org.bouncycastle.jcajce.spec.PBKDF2KeySpec;

/** EnvelopedData in (RFC 9810 5.2.2), what is in it out: by a private key, or by the shared secret. */
final class Opening {
    private final Transaction transaction;
    private final Report report;

    Opening(Transaction transaction) {
        this.transaction = transaction;
        this.report = transaction.report;
    }

    /** A certificate for the holder of its key; before cmp2021 it came as EncryptedValue. */
    X509CertificateHolder certificate(EncryptedKey encrypted, PrivateKey key) throws Exception {
        if (!encrypted.isEncryptedValue()) {
            return new X509CertificateHolder(withKey(encrypted, key));
        }
        report.add("recipient", "EncryptedValue");
        return new EncryptedValueParser((EncryptedValue) encrypted.getValue()).readCertificateHolder(
            new JceAsymmetricValueDecryptorGenerator(key).setProvider("BC"));
    }

    /** What only who holds `key` can read. */
    byte[] withKey(EncryptedKey encrypted, PrivateKey key) throws Exception {
        RecipientInformation recipient = only(envelope(encrypted));
        if (recipient instanceof KeyTransRecipientInformation) {
            report.add("recipient", "key transport " + recipient.getKeyEncryptionAlgOID());
            return recipient.getContent(new JceKeyTransEnvelopedRecipient(key).setProvider("BC"));
        }
        if (recipient instanceof KeyAgreeRecipientInformation) {
            report.add("recipient", "key agreement " + recipient.getKeyEncryptionAlgOID());
            return recipient.getContent(new JceKeyAgreeEnvelopedRecipient(key).setProvider("BC"));
        }
        throw new Over("no recipient with a key: " + recipient.getClass().getSimpleName());
    }

    /** What only who knows `secret` can read (RFC 9483 4.1.6.3). */
    byte[] withSecret(EncryptedKey encrypted, char[] secret) throws Exception {
        CMSEnvelopedData data = envelope(encrypted);
        RecipientInformation recipient = only(data);
        report.add("recipient", "password " + recipient.getKeyEncryptionAlgOID());
        if (recipient.getKeyEncryptionAlgOID().equals(PKCSObjectIdentifiers.id_alg_PWRI_KEK.getId())) {
            return recipient.getContent(new JcePasswordEnvelopedRecipient(secret)
                .setPasswordConversionScheme(PasswordRecipient.PKCS5_SCHEME2_UTF8).setProvider("BC"));
        }
        return unwrapped(EnvelopedData.getInstance(data.toASN1Structure().getContent()), secret);
    }

    private CMSEnvelopedData envelope(EncryptedKey encrypted) throws Exception {
        if (encrypted.isEncryptedValue()) {
            throw new Over("EncryptedValue, which RFC 9810 5.2.2 deprecates");
        }
        EnvelopedData data = withOriginatorKey(EnvelopedData.getInstance(encrypted.getValue()));
        return new CMSEnvelopedData(new ContentInfo(CMSObjectIdentifiers.envelopedData, data));
    }

    /**
     * BouncyCastle 1.72 wants the originator's key itself, where RFC 9483 4.1.6.2 has it named by the identifier of
     * a certificate's: the key that came along takes its place.
     */
    private EnvelopedData withOriginatorKey(EnvelopedData data) throws Over {
        RecipientInfo only = RecipientInfo.getInstance(data.getRecipientInfos().getObjectAt(0));
        if (!(only.getInfo() instanceof KeyAgreeRecipientInfo info)
                || info.getOriginator().getSubjectKeyIdentifier() == null) {
            return data;
        }
        byte[] wanted = info.getOriginator().getSubjectKeyIdentifier().getKeyIdentifier();
        SubjectPublicKeyInfo key = transaction.others.stream()
            .filter(one -> Arrays.equals(wanted, Credential.keyIdOf(one)))
            .findFirst().orElseThrow(() -> new Over("the originator's certificate is not there"))
            .getSubjectPublicKeyInfo();
        report.add("originator", "named by a certificate's key");
        OriginatorPublicKey shown =
            new OriginatorPublicKey(key.getAlgorithm(), key.getPublicKeyData().getBytes());
        RecipientInfo changed = new RecipientInfo(new KeyAgreeRecipientInfo(
            new OriginatorIdentifierOrKey(shown), info.getUserKeyingMaterial(),
            info.getKeyEncryptionAlgorithm(), info.getRecipientEncryptedKeys()));
        return new EnvelopedData(data.getOriginatorInfo(), new DERSet(changed),
            data.getEncryptedContentInfo(), data.getUnprotectedAttrs());
    }

    private RecipientInformation only(CMSEnvelopedData data) throws Over {
        Collection<RecipientInformation> recipients = data.getRecipientInfos().getRecipients();
        if (recipients.size() != 1) {
            report.find(recipients.size() + " recipients (RFC 9483 4.1.6: there is one)");
            throw new Over("not one recipient");
        }
        return List.copyOf(recipients).get(0);
    }

    /** The content key wrapped with AES (RFC 9481 4.3.1), which BouncyCastle does not know for passwords. */
    private static byte[] unwrapped(EnvelopedData data, char[] secret) throws Exception {
        PasswordRecipientInfo info = PasswordRecipientInfo.getInstance(
            RecipientInfo.getInstance(data.getRecipientInfos().getObjectAt(0)).getInfo());
        PBKDF2Params derivation =
            PBKDF2Params.getInstance(info.getKeyDerivationAlgorithm().getParameters());
        byte[] derived = SecretKeyFactory.getInstance("PBKDF2", "BC").generateSecret(
            new PBKDF2KeySpec(secret, derivation.getSalt(),
                derivation.getIterationCount().intValueExact(), 256, derivation.getPrf())).getEncoded();
        Cipher wrap = Cipher.getInstance("AESWrap", "BC");
        wrap.init(Cipher.UNWRAP_MODE, new SecretKeySpec(derived, "AES"));
        Key content = wrap.unwrap(info.getEncryptedKey().getOctets(), "AES", Cipher.SECRET_KEY);
        EncryptedContentInfo encrypted = data.getEncryptedContentInfo();
        byte[] vector = ASN1OctetString.getInstance(
            encrypted.getContentEncryptionAlgorithm().getParameters()).getOctets();
        Cipher cipher = Cipher.getInstance("AES/CBC/PKCS5Padding", "BC");
        cipher.init(Cipher.DECRYPT_MODE, content, new IvParameterSpec(vector));
        return cipher.doFinal(encrypted.getEncryptedContent().getOctets());
    }
}
