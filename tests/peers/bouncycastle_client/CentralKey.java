import java.security.KeyPair;
import java.security.PrivateKey;
import java.util.Collection;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.cms.SignedData;
import org.bouncycastle.asn1.crmf.EncryptedKey;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;

/** A key that the CA made, and its certificate, in; the pair, which nobody changed, out (RFC 9483 4.1.6). */
final class CentralKey {
    private static final String KEY_PACKAGE = "2.16.840.1.101.2.1.2.78.5";
    private static final KeyPurposeId CM_KGA =
        KeyPurposeId.getInstance(new org.bouncycastle.asn1.ASN1ObjectIdentifier("1.3.6.1.5.5.7.3.32"));

    private final Transaction transaction;

    CentralKey(Transaction transaction) {
        this.transaction = transaction;
    }

    KeyPair of(EncryptedKey encrypted, X509CertificateHolder certificate) throws Exception {
        Opening opening = new Opening(transaction);
        byte[] signed = transaction.credential instanceof Credential.Secret secret
            ? opening.withSecret(encrypted, secret.secret())
            : opening.withKey(encrypted, ((Credential.Signer) transaction.credential).identity().key());
        CMSSignedData data = new CMSSignedData(
            new ContentInfo(CMSObjectIdentifiers.signedData, SignedData.getInstance(signed)));
        checkSigner(data);
        if (!data.getSignedContentTypeOID().equals(KEY_PACKAGE)) {
            transaction.report.find("no key package: " + data.getSignedContentTypeOID());
        }
        ASN1Sequence keys = ASN1Sequence.getInstance((byte[]) data.getSignedContent().getContent());
        if (keys.size() != 1) {
            transaction.report.find(keys.size() + " keys");
        }
        JcaPEMKeyConverter converter = new JcaPEMKeyConverter().setProvider("BC");
        PrivateKey key = converter.getPrivateKey(PrivateKeyInfo.getInstance(keys.getObjectAt(0)));
        return new KeyPair(converter.getPublicKey(certificate.getSubjectPublicKeyInfo()), key);
    }

    /** One signer, who leads to the root and may generate keys. */
    private void checkSigner(CMSSignedData data) throws Exception {
        Collection<SignerInformation> signers = data.getSignerInfos().getSigners();
        if (signers.size() != 1) {
            transaction.report.find(signers.size() + " signers of a key");
        }
        for (SignerInformation signer : signers) {
            @SuppressWarnings("unchecked")
            Collection<X509CertificateHolder> found =
                data.getCertificates().getMatches(signer.getSID());
            for (X509CertificateHolder certificate : found) {
                transaction.others.addAll(data.getCertificates().getMatches(null));
                String problem = Trust.problem(certificate, transaction.others, transaction.root);
                Extension purposes = certificate.getExtension(Extension.extendedKeyUsage);
                if (problem != null) {
                    transaction.report.find("the key's signer: " + problem);
                }
                if (purposes == null || !ExtendedKeyUsage.getInstance(purposes.getParsedValue())
                        .hasKeyPurposeId(CM_KGA)) {
                    transaction.report.find("the key's signer lacks cmKGA (RFC 9810 4.5)");
                }
                if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC")
                        .build(certificate))) {
                    transaction.report.find("the key's signature is wrong");
                }
            }
            if (found.isEmpty()) {
                transaction.report.find("the key's signer is not there");
            }
        }
    }
}
