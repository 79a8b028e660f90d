import java.math.BigInteger;
import java.security.KeyPair;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.cmp.CMPObjectIdentifiers;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.crmf.CertId;
import org.bouncycastle.asn1.crmf.CertReqMessages;
import org.bouncycastle.asn1.crmf.CertReqMsg;
import org.bouncycastle.asn1.crmf.ProofOfPossession;
import org.bouncycastle.asn1.crmf.SubsequentMessage;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.crmf.Control;
import org.bouncycastle.cert.crmf.jcajce.JcaCertificateRequestMessageBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/**
 * A command in, the content of ir, cr, kur or p10cr out (RFC 9810 5.3.1 to 5.3.5).
 *
 * `subject`, `san` and `ca` (whose basicConstraints no CA should grant) are asked for; `old` names the certificate
 * of oldCertId. `popo` proves possession: signature; other, which is one by another key; encrCert, challengeResp,
 * raVerified, none. `like` names the certificate whose kind of key a central one is to have.
 */
final class CertificateRequests {
    private record OldCertId(CertId value) implements Control {
        @Override
        public ASN1ObjectIdentifier getType() {
            return CMPObjectIdentifiers.regCtrl_oldCertID;
        }

        @Override
        public ASN1Encodable getValue() {
            return value;
        }
    }

    private final Command command;
    private final Session session;
    private final KeyPair key;

    CertificateRequests(Command command, Session session, KeyPair key) {
        this.command = command;
        this.session = session;
        this.key = key;
    }

    ASN1Encodable content(int type) throws Exception {
        return type == PKIBody.TYPE_P10_CERT_REQ ? pkcs10()
            : new CertReqMessages(new CertReqMsg[] {message()});
    }

    CertReqMsg message() throws Exception {
        JcaCertificateRequestMessageBuilder builder = new JcaCertificateRequestMessageBuilder(
            BigInteger.valueOf(command.number("certReqId", 0)));
        if (key != null) {
            builder.setPublicKey(key.getPublic());
        } else if (command.has("like")) {
            // RFC 9483 4.1.6: an empty key says which kind the CA is to make.
            SubjectPublicKeyInfo model = session.identity(command.text("like")).certificate()
                .getSubjectPublicKeyInfo();
            builder.setPublicKey(new SubjectPublicKeyInfo(model.getAlgorithm(), new byte[0]));
        }
        if (command.has("subject")) {
            builder.setSubject(new X500Name(command.text("subject")));
        }
        if (command.has("issuer")) {
            builder.setIssuer(new X500Name(command.text("issuer")));
        }
        if (command.has("san")) {
            builder.addExtension(Extension.subjectAlternativeName, false, san());
        }
        if (command.has("ca")) {
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
        }
        if (command.has("old")) {
            X509CertificateHolder old = session.identity(command.text("old")).certificate();
            builder.addControl(new OldCertId(
                new CertId(new GeneralName(old.getIssuer()), old.getSerialNumber())));
        }
        if (key == null) {
            return builder.build().toASN1Structure();
        }
        switch (command.text("popo", "signature")) {
            case "signature" ->
                builder.setProofOfPossessionSigningKeySigner(Keys.signer(key.getPrivate()));
            case "other" -> builder.setProofOfPossessionSigningKeySigner(Keys.signer(other()));
            case "encrCert" -> builder.setProofOfPossessionSubsequentMessage(
                deciphering(), SubsequentMessage.encrCert);
            case "challengeResp" -> builder.setProofOfPossessionSubsequentMessage(
                deciphering(), SubsequentMessage.challengeResp);
            case "raVerified" -> builder.setProofOfPossessionRaVerified();
            case "none" -> { }
            default -> throw new IllegalArgumentException("no such popo: " + command.text("popo"));
        }
        if (!command.has("subject") && command.text("popo", "signature").equals("signature")) {
            // RFC 4211 4.1: poposkInput names the sender instead.
            builder.setAuthInfoSender(new X500Name(command.text("sender")));
        }
        return builder.build().toASN1Structure();
    }

    /** How a key of this kind is used to decrypt. */
    private int deciphering() {
        return key.getPublic().getAlgorithm().equals("RSA")
            ? ProofOfPossession.TYPE_KEY_ENCIPHERMENT : ProofOfPossession.TYPE_KEY_AGREEMENT;
    }

    private ASN1Encodable pkcs10() throws Exception {
        JcaPKCS10CertificationRequestBuilder builder = new JcaPKCS10CertificationRequestBuilder(
            new X500Name(command.text("subject")), key.getPublic());
        if (command.has("san")) {
            ExtensionsGenerator extensions = new ExtensionsGenerator();
            extensions.addExtension(Extension.subjectAlternativeName, false, san());
            builder.addAttribute(
                PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate());
        }
        boolean isOther = command.text("popo", "signature").equals("other");
        return builder.build(Keys.signer(isOther ? other() : key.getPrivate())).toASN1Structure();
    }

    private java.security.PrivateKey other() throws java.security.GeneralSecurityException {
        return session.keys.next(command.text("key", "p256")).getPrivate();
    }

    private GeneralNames san() {
        return new GeneralNames(new GeneralName(GeneralName.dNSName, command.text("san")));
    }
}
