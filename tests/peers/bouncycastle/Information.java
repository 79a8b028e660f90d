import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.cmp.CMPCertificate;
import org.bouncycastle.asn1.cmp.CMPObjectIdentifiers;
import org.bouncycastle.asn1.cmp.CRLSource;
import org.bouncycastle.asn1.cmp.CRLStatus;
import org.bouncycastle.asn1.cmp.CertReqTemplateContent;
import org.bouncycastle.asn1.cmp.GenMsgContent;
import org.bouncycastle.asn1.cmp.GenRepContent;
import org.bouncycastle.asn1.cmp.InfoTypeAndValue;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.RootCaKeyUpdateContent;
import org.bouncycastle.asn1.crmf.AttributeTypeAndValue;
import org.bouncycastle.asn1.crmf.CertTemplateBuilder;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.DistributionPointName;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.cert.X509CertificateHolder;

/** Answers genm (RFC 9810 5.3.19, RFC 9483 4.3): each question with a value, or with none. */
final class Information {
    private static final ASN1ObjectIdentifier SIGN_KEY_PAIR_TYPES =
        CMPObjectIdentifiers.it_signKeyPairTypes;

    private final Authority authority;

    Information(Authority authority) {
        this.authority = authority;
    }

    PKIBody answer(PKIBody request) throws Exception {
        List<InfoTypeAndValue> answers = new ArrayList<>();
        ASN1EncodableVector unknown = new ASN1EncodableVector();
        for (InfoTypeAndValue asked
                : GenMsgContent.getInstance(request.getContent()).toInfoTypeAndValueArray()) {
            ASN1ObjectIdentifier type = asked.getInfoType();
            ASN1Encodable value = asked.getInfoValue();
            if (type.equals(SIGN_KEY_PAIR_TYPES)) {
                answers.add(new InfoTypeAndValue(type, keyTypes()));
            } else if (type.equals(CMPObjectIdentifiers.it_encKeyPairTypes)) {
                answers.add(new InfoTypeAndValue(type, encryptionKeyTypes()));
            } else if (type.equals(CMPObjectIdentifiers.it_currentCRL)) {
                answers.add(new InfoTypeAndValue(type, authority.crl().toASN1Structure()));
            } else if (type.equals(CMPObjectIdentifiers.id_it_caCerts)) {
                answers.add(new InfoTypeAndValue(type, caCerts()));
            } else if (type.equals(CMPObjectIdentifiers.id_it_rootCaCert)) {
                answers.add(maybe(CMPObjectIdentifiers.id_it_rootCaKeyUpdate, rootUpdate(value)));
            } else if (type.equals(CMPObjectIdentifiers.id_it_certReqTemplate)) {
                answers.add(new InfoTypeAndValue(type, template()));
            } else if (type.equals(CMPObjectIdentifiers.id_it_crlStatusList)) {
                answers.add(maybe(CMPObjectIdentifiers.id_it_crls, crls(value)));
            } else {
                unknown.add(type);
            }
        }
        if (unknown.size() > 0) {
            answers.add(new InfoTypeAndValue(
                CMPObjectIdentifiers.it_unsupportedOIDs, new DERSequence(unknown)));
        }
        return new PKIBody(PKIBody.TYPE_GEN_REP,
            new GenRepContent(answers.toArray(InfoTypeAndValue[]::new)));
    }

    private static InfoTypeAndValue maybe(ASN1ObjectIdentifier type, ASN1Encodable value) {
        return value == null ? new InfoTypeAndValue(type) : new InfoTypeAndValue(type, value);
    }

    /** 5.3.19.2: algorithms of keys that certificates are issued for. */
    private static ASN1Sequence keyTypes() {
        return new DERSequence(new ASN1Encodable[] {
            new AlgorithmIdentifier(PKCSObjectIdentifiers.rsaEncryption, DERNull.INSTANCE),
            curve(SECObjectIdentifiers.secp256r1), curve(SECObjectIdentifiers.secp384r1),
            curve(SECObjectIdentifiers.secp521r1),
            new AlgorithmIdentifier(EdECObjectIdentifiers.id_Ed25519),
            new AlgorithmIdentifier(EdECObjectIdentifiers.id_Ed448)});
    }

    /** 5.3.19.3: those of keys that are certified for keyEncipherment or keyAgreement. */
    private static ASN1Sequence encryptionKeyTypes() {
        return new DERSequence(new ASN1Encodable[] {
            new AlgorithmIdentifier(PKCSObjectIdentifiers.rsaEncryption, DERNull.INSTANCE),
            curve(SECObjectIdentifiers.secp256r1), curve(SECObjectIdentifiers.secp384r1),
            curve(SECObjectIdentifiers.secp521r1)});
    }

    private static AlgorithmIdentifier curve(ASN1ObjectIdentifier id) {
        return new AlgorithmIdentifier(X9ObjectIdentifiers.id_ecPublicKey, id);
    }

    /** 5.3.19.14. */
    private ASN1Sequence caCerts() {
        ASN1EncodableVector certificates = new ASN1EncodableVector();
        for (X509CertificateHolder certificate : authority.chain()) {
            certificates.add(new CMPCertificate(certificate.toASN1Structure()));
        }
        certificates.add(certificate(authority.root.certificate()));
        return new DERSequence(certificates);
    }

    /** 5.3.19.15: nothing where no root is given, another root, or where there is no newer one. */
    private ASN1Encodable rootUpdate(ASN1Encodable asked) {
        Authority.RootUpdate update = authority.rootUpdate();
        boolean ours = asked == null
            || CMPCertificate.getInstance(asked).equals(certificate(authority.root.certificate()));
        return update == null || !ours ? null : new RootCaKeyUpdateContent(
            certificate(update.newWithNew()), certificate(update.newWithOld()),
            certificate(update.oldWithNew()));
    }

    private static CMPCertificate certificate(X509CertificateHolder holder) {
        return new CMPCertificate(holder.toASN1Structure());
    }

    /** 5.3.19.16: a common name for the requester to fill in, and the keys that are taken. */
    private static ASN1Encodable template() throws java.io.IOException {
        CertTemplateBuilder template = new CertTemplateBuilder();
        template.setSubject(new X500Name("O=BouncyCastle peer,CN="));
        template.setExtensions(new Extensions(new Extension(
            Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature).getEncoded())));
        return new CertReqTemplateContent(template.build(), new DERSequence(new ASN1Encodable[] {
            new AttributeTypeAndValue(
                CMPObjectIdentifiers.id_regCtrl_algId, curve(SECObjectIdentifiers.secp256r1)),
            new AttributeTypeAndValue(
                CMPObjectIdentifiers.id_regCtrl_rsaKeyLen, new ASN1Integer(2048))}));
    }

    /** 5.3.19.17: the CRL, where one of the sources asked for is this CA's and has an older one. */
    private ASN1Encodable crls(ASN1Encodable asked) {
        Date newest = authority.crl().toASN1Structure().getThisUpdate().getDate();
        for (ASN1Encodable item : ASN1Sequence.getInstance(asked)) {
            CRLStatus status = CRLStatus.getInstance(item);
            boolean newer =
                status.getThisUpdate() == null || newest.after(status.getThisUpdate().getDate());
            if (newer && isOurs(status.getSource())) {
                return new DERSequence(authority.crl().toASN1Structure());
            }
        }
        return null;
    }

    private boolean isOurs(CRLSource source) {
        GeneralName issuer = new GeneralName(authority.issuer.certificate().getSubject());
        GeneralNames names = source.getIssuer();
        if (names == null && source.getDpn().getType() == DistributionPointName.FULL_NAME) {
            names = GeneralNames.getInstance(source.getDpn().getName());
        }
        return names != null && List.of(names.getNames()).contains(issuer);
    }
}
