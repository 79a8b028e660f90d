import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.cmp.CMPCertificate;
import org.bouncycastle.asn1.cmp.CMPObjectIdentifiers;
import org.bouncycastle.asn1.cmp.CertReqTemplateContent;
import org.bouncycastle.asn1.cmp.InfoTypeAndValue;
import org.bouncycastle.asn1.cmp.RootCaKeyUpdateContent;
import org.bouncycastle.asn1.crmf.AttributeTypeAndValue;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.X509CRLHolder;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;

/** An InfoTypeAndValue of genp in, what BouncyCastle reads in it into the report (RFC 9810 5.3.19). */
final class Answers {
    private final Transaction transaction;
    private final Report report;

    Answers(Transaction transaction) {
        this.transaction = transaction;
        this.report = transaction.report;
    }

    void read(InfoTypeAndValue info) throws Exception {
        ASN1ObjectIdentifier type = info.getInfoType();
        ASN1Encodable value = info.getInfoValue();
        report.add("answer", type + (value == null ? " without a value" : ""));
        if (value == null) {
            return;
        }
        if (type.equals(CMPObjectIdentifiers.it_signKeyPairTypes)
                || type.equals(CMPObjectIdentifiers.it_encKeyPairTypes)) {
            for (ASN1Encodable item : ASN1Sequence.getInstance(value)) {
                algorithm("keyType", AlgorithmIdentifier.getInstance(item));
            }
        } else if (type.equals(CMPObjectIdentifiers.it_currentCRL)) {
            list(new X509CRLHolder(value.toASN1Primitive().getEncoded()));
        } else if (type.equals(CMPObjectIdentifiers.id_it_crls)) {
            for (ASN1Encodable item : ASN1Sequence.getInstance(value)) {
                list(new X509CRLHolder(item.toASN1Primitive().getEncoded()));
            }
        } else if (type.equals(CMPObjectIdentifiers.id_it_caCerts)) {
            for (ASN1Encodable item : ASN1Sequence.getInstance(value)) {
                report.addDer("caCert", CMPCertificate.getInstance(item));
                transaction.others.add(holder(CMPCertificate.getInstance(item)));
            }
        } else if (type.equals(CMPObjectIdentifiers.id_it_certReqTemplate)) {
            template(CertReqTemplateContent.getInstance(value));
        } else if (type.equals(CMPObjectIdentifiers.id_it_rootCaKeyUpdate)) {
            rootUpdate(RootCaKeyUpdateContent.getInstance(value));
        } else if (type.equals(CMPObjectIdentifiers.it_unsupportedOIDs)) {
            for (ASN1Encodable item : ASN1Sequence.getInstance(value)) {
                report.add("unsupported", ASN1ObjectIdentifier.getInstance(item).getId());
            }
        } else {
            report.addDer("value", value);
        }
    }

    private void algorithm(String name, AlgorithmIdentifier algorithm) {
        boolean isNamed = algorithm.getParameters() instanceof ASN1ObjectIdentifier;
        report.add(name, algorithm.getAlgorithm() + (isNamed ? " " + algorithm.getParameters() : ""));
    }

    /** A CRL is its issuer's, whose certificate came along or is the root. */
    private void list(X509CRLHolder crl) throws Exception {
        report.addDer("crl", crl.toASN1Structure());
        List<X509CertificateHolder> known = new ArrayList<>(transaction.others);
        known.add(transaction.root);
        boolean isSigned = false;
        for (X509CertificateHolder issuer : known) {
            isSigned |= issuer.getSubject().equals(crl.getIssuer())
                && Trust.problem(issuer, known, transaction.root) == null
                && crl.isSignatureValid(
                    new JcaContentVerifierProviderBuilder().setProvider("BC").build(issuer));
        }
        if (!isSigned) {
            report.find("no issuer of the CRL that leads to the root");
        }
        for (Object entry : crl.getRevokedCertificates()) {
            report.add("revoked",
                ((org.bouncycastle.cert.X509CRLEntryHolder) entry).getSerialNumber().toString(16));
        }
    }

    private void template(CertReqTemplateContent content) {
        if (content.getCertTemplate().getPublicKey() != null) {
            report.find("the template has a key (RFC 9483 4.3.3)");
        }
        if (content.getCertTemplate().getExtensions() != null) {
            for (ASN1ObjectIdentifier id : content.getCertTemplate().getExtensions().getExtensionOIDs()) {
                Extension extension = content.getCertTemplate().getExtensions().getExtension(id);
                report.add("extension", id + (extension.isCritical() ? " critical" : ""));
            }
        }
        if (content.getKeySpec() == null) {
            return;
        }
        for (ASN1Encodable item : content.getKeySpec()) {
            AttributeTypeAndValue control = AttributeTypeAndValue.getInstance(item);
            if (control.getType().equals(CMPObjectIdentifiers.id_regCtrl_rsaKeyLen)) {
                report.add("rsaKeyLen", control.getValue());
            } else if (control.getType().equals(CMPObjectIdentifiers.id_regCtrl_algId)) {
                algorithm("algId", AlgorithmIdentifier.getInstance(control.getValue()));
            } else {
                report.find("keySpec has " + control.getType());
            }
        }
    }

    /** RFC 9810 4.4, RFC 9483 4.3.2: new and old root each sign the other one. */
    private void rootUpdate(RootCaKeyUpdateContent content) throws Exception {
        X509CertificateHolder newWithNew = holder(content.getNewWithNew());
        report.addDer("newWithNew", newWithNew.toASN1Structure());
        expectSigned("newWithNew", newWithNew, newWithNew);
        if (content.getNewWithOld() != null) {
            expectSigned("newWithOld", holder(content.getNewWithOld()), transaction.root);
            report.addDer("newWithOld", content.getNewWithOld());
        }
        if (content.getOldWithNew() != null) {
            expectSigned("oldWithNew", holder(content.getOldWithNew()), newWithNew);
            report.addDer("oldWithNew", content.getOldWithNew());
        }
    }

    private static X509CertificateHolder holder(CMPCertificate certificate) {
        return new X509CertificateHolder(certificate.getX509v3PKCert());
    }

    private void expectSigned(String name, X509CertificateHolder signed, X509CertificateHolder by)
            throws Exception {
        if (!signed.isSignatureValid(
                new JcaContentVerifierProviderBuilder().setProvider("BC").build(by))) {
            report.find(name + " is not signed so");
        }
    }
}
