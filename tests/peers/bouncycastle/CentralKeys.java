import java.security.KeyPair;
import java.security.PublicKey;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.EnvelopedData;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSAlgorithm;
import org.bouncycastle.cms.CMSEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.RecipientInfoGenerator;
import org.bouncycastle.cms.SignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JceCMSContentEncryptorBuilder;
import org.bouncycastle.cms.jcajce.JceKeyAgreeRecipientInfoGenerator;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientInfoGenerator;
import org.bouncycastle.operator.jcajce.JcaAlgorithmParametersConverter;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/** Makes a key pair for a requester, and packs its private key for nobody else (RFC 9483 4.1.6). */
final class CentralKeys {
    /** The pair that was made. */
    record Pair(PrivateKeyInfo privateKey, SubjectPublicKeyInfo publicKey) {}

    /** id-ct-KP-aKeyPackage, RFC 5958. */
    private static final ASN1ObjectIdentifier KEY_PACKAGE =
        new ASN1ObjectIdentifier("2.16.840.1.101.2.1.2.78.5");

    private final Authority authority;
    private final Options options;

    CentralKeys(Authority authority) {
        this.authority = authority;
        this.options = authority.options;
    }

    /** A key of the algorithm of `wish`, whose key is empty; of P-256 where there is no wish. */
    Pair generate(SubjectPublicKeyInfo wish) throws Exception {
        KeyPair made = Keys.generate(wish == null ? "p256" : kind(wish.getAlgorithm()));
        return new Pair(PrivateKeyInfo.getInstance(made.getPrivate().getEncoded()),
            SubjectPublicKeyInfo.getInstance(made.getPublic().getEncoded()));
    }

    private static String kind(AlgorithmIdentifier algorithm) throws Refusal {
        ASN1ObjectIdentifier id = algorithm.getAlgorithm();
        if (id.equals(PKCSObjectIdentifiers.rsaEncryption)) {
            return "rsa2048";
        }
        if (id.equals(X9ObjectIdentifiers.id_ecPublicKey)) {
            id = ASN1ObjectIdentifier.getInstance(algorithm.getParameters());
        }
        if (id.equals(SECObjectIdentifiers.secp256r1)) {
            return "p256";
        }
        if (id.equals(SECObjectIdentifiers.secp384r1)) {
            return "p384";
        }
        if (id.equals(SECObjectIdentifiers.secp521r1)) {
            return "p521";
        }
        if (id.equals(EdECObjectIdentifiers.id_Ed25519)) {
            return "ed25519";
        }
        if (id.equals(EdECObjectIdentifiers.id_Ed448)) {
            return "ed448";
        }
        throw new Refusal(PKIFailureInfo.badAlg, "no keys of this algorithm are made");
    }

    /** EnvelopedData over SignedData over AsymmetricKeyPackage. */
    EnvelopedData envelope(Pair pair, Requester requester) throws Exception {
        CMSEnvelopedDataGenerator generator = new CMSEnvelopedDataGenerator();
        generator.addRecipientInfoGenerator(recipient(requester));
        CMSProcessableByteArray content =
            new CMSProcessableByteArray(CMSObjectIdentifiers.signedData, signed(pair));
        return EnvelopedData.getInstance(generator.generate(content,
            new JceCMSContentEncryptorBuilder(CMSAlgorithm.AES256_CBC).setProvider("BC").build())
            .toASN1Structure().getContent());
    }

    /** SignedData, without ContentInfo, whose signer is named by subjectKeyIdentifier. */
    private byte[] signed(Pair pair) throws Exception {
        Keys.Identity signer = authority.keyGenerator();
        byte[] keys = new DERSequence(pair.privateKey()).getEncoded(ASN1Encoding.DER);
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        SignerInfoGeneratorBuilder builder = new SignerInfoGeneratorBuilder(
            new JcaDigestCalculatorProviderBuilder().setProvider("BC").build());
        var contentSigner = Signing.signer(signer.key(), options);
        generator.addSignerInfoGenerator(
            builder.build(contentSigner, Authority.keyIdOf(signer.certificate())));
        generator.addCertificate(signer.certificate());
        for (X509CertificateHolder certificate : authority.chain()) {
            generator.addCertificate(certificate);
        }
        return generator.generate(new CMSProcessableByteArray(KEY_PACKAGE, keys), true)
            .toASN1Structure().getContent().toASN1Primitive().getEncoded(ASN1Encoding.DER);
    }

    /** The technique that the request's protection allows for, RFC 9483 4.1.6.1 to 4.1.6.3. */
    private RecipientInfoGenerator recipient(Requester requester) throws Exception {
        if (requester.usesSecret()) {
            return new PasswordRecipient(requester, authority);
        }
        X509CertificateHolder certificate = requester.signer();
        SubjectPublicKeyInfo key = certificate.getSubjectPublicKeyInfo();
        PublicKey publicKey =
            new org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter().setProvider("BC").getPublicKey(key);
        byte[] keyId = Authority.keyIdOf(certificate);
        ASN1ObjectIdentifier algorithm = key.getAlgorithm().getAlgorithm();
        if (algorithm.equals(PKCSObjectIdentifiers.rsaEncryption)
                && uses(certificate, KeyUsage.keyEncipherment)) {
            return options.has("oaep")
                ? new JceKeyTransRecipientInfoGenerator(keyId, oaep(), publicKey).setProvider("BC")
                : new JceKeyTransRecipientInfoGenerator(keyId, publicKey).setProvider("BC");
        }
        if (algorithm.equals(X9ObjectIdentifiers.id_ecPublicKey)
                && uses(certificate, KeyUsage.keyAgreement)) {
            KeyPair ephemeral = ephemeral(publicKey);
            return new JceKeyAgreeRecipientInfoGenerator(
                CMSAlgorithm.ECDH_SHA256KDF, ephemeral.getPrivate(), ephemeral.getPublic(),
                CMSAlgorithm.AES256_WRAP).addRecipient(keyId, publicKey).setProvider("BC");
        }
        throw new Refusal(PKIFailureInfo.badRequest,
            "the signer's key can neither decrypt nor agree: no key can be sent to it");
    }

    private static boolean uses(X509CertificateHolder certificate, int use) {
        Extension usage = certificate.getExtension(Extension.keyUsage);
        return usage == null || KeyUsage.getInstance(usage.getParsedValue()).hasUsages(use);
    }

    private static KeyPair ephemeral(PublicKey of) throws Exception {
        var generator = java.security.KeyPairGenerator.getInstance("EC", "BC");
        generator.initialize(((java.security.interfaces.ECKey) of).getParams());
        return generator.generateKeyPair();
    }

    private static AlgorithmIdentifier oaep() throws Exception {
        var parameters = new javax.crypto.spec.OAEPParameterSpec("SHA-256", "MGF1",
            java.security.spec.MGF1ParameterSpec.SHA256, javax.crypto.spec.PSource.PSpecified.DEFAULT);
        return new JcaAlgorithmParametersConverter()
            .getAlgorithmIdentifier(PKCSObjectIdentifiers.id_RSAES_OAEP, parameters);
    }
}
