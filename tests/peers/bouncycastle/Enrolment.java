import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.cmp.CMPCertificate;
import org.bouncycastle.asn1.cmp.CMPObjectIdentifiers;
import org.bouncycastle.asn1.cmp.CertOrEncCert;
import org.bouncycastle.asn1.cmp.CertRepMessage;
import org.bouncycastle.asn1.cmp.CertResponse;
import org.bouncycastle.asn1.cmp.CertifiedKeyPair;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.cmp.PKIFreeText;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.cmp.PKIStatus;
import org.bouncycastle.asn1.cmp.PKIStatusInfo;
import org.bouncycastle.asn1.crmf.AttributeTypeAndValue;
import org.bouncycastle.asn1.crmf.CertId;
import org.bouncycastle.asn1.crmf.CertReqMessages;
import org.bouncycastle.asn1.crmf.CertReqMsg;
import org.bouncycastle.asn1.crmf.CertTemplate;
import org.bouncycastle.asn1.crmf.EncryptedKey;
import org.bouncycastle.asn1.crmf.OptionalValidity;
import org.bouncycastle.asn1.pkcs.Attribute;
import org.bouncycastle.asn1.pkcs.CertificationRequest;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;

/** Answers ir, cr, kur and p10cr with a certificate (RFC 9810 5.3.1 to 5.3.6, RFC 9483 4.1). */
final class Enrolment {
    /** The answer, and what has to be confirmed; `entry` is null where nothing was issued. */
    record Answer(PKIBody body, Authority.Entry entry, ASN1Integer certReqId) {}

    /** What a certificate is asked for, in CRMF or PKCS #10. */
    private record Wish(
        ASN1Integer certReqId, X500Name subject, SubjectPublicKeyInfo key, Extensions extensions,
        OptionalValidity validity) {}

    private final Authority authority;
    private final Options options;
    private final CentralKeys centralKeys;

    Enrolment(Authority authority) {
        this.authority = authority;
        this.options = authority.options;
        this.centralKeys = new CentralKeys(authority);
    }

    static int answerType(int requestType) {
        return switch (requestType) {
            case PKIBody.TYPE_INIT_REQ -> PKIBody.TYPE_INIT_REP;
            case PKIBody.TYPE_KEY_UPDATE_REQ -> PKIBody.TYPE_KEY_UPDATE_REP;
            default -> PKIBody.TYPE_CERT_REP;
        };
    }

    Answer answer(PKIMessage request, Requester requester) throws Exception {
        int type = request.getBody().getType();
        ASN1Integer certReqId = new ASN1Integer(type == PKIBody.TYPE_P10_CERT_REQ ? -1 : 0);
        try {
            if (requester.vendor() && type == PKIBody.TYPE_KEY_UPDATE_REQ) {
                throw new Refusal(PKIFailureInfo.notAuthorized, "not with a vendor's certificate");
            }
            if (!options.text("reject").isEmpty()) {
                throw new Refusal(FailureInfo.bit(options.text("reject")), "refused as told");
            }
            Wish wish;
            if (type == PKIBody.TYPE_P10_CERT_REQ) {
                wish = readRequest(CertificationRequest.getInstance(request.getBody().getContent()));
            } else {
                CertReqMsg[] messages = CertReqMessages.getInstance(request.getBody().getContent())
                    .toCertReqMsgArray();
                if (messages.length != 1) {
                    throw new Refusal(PKIFailureInfo.badRequest, "one certificate at a time");
                }
                certReqId = messages[0].getCertReq().getCertReqId();
                wish = readTemplate(messages[0], request, requester);
            }
            return issue(wish, type, requester);
        } catch (Refusal refusal) {
            if (options.has("error-body")) {
                throw refusal;
            }
            PKIStatusInfo status = new PKIStatusInfo(PKIStatus.rejection,
                new PKIFreeText(refusal.getMessage()), new PKIFailureInfo(refusal.failInfo));
            return new Answer(response(type, null, new CertResponse(certReqId, status)), null, certReqId);
        }
    }

    /** The answer of a CA that needs time (RFC 9483 4.4). */
    static PKIBody waiting(int requestType, ASN1Integer certReqId) {
        PKIStatusInfo status =
            new PKIStatusInfo(PKIStatus.waiting, new PKIFreeText("somebody has to look at it"));
        return response(requestType, null, new CertResponse(certReqId, status));
    }

    private static PKIBody response(int requestType, CMPCertificate[] caPubs, CertResponse response) {
        return new PKIBody(
            answerType(requestType), new CertRepMessage(caPubs, new CertResponse[] {response}));
    }

    private Wish readRequest(CertificationRequest request) throws Refusal, java.io.IOException {
        var info = request.getCertificationRequestInfo();
        if (!Keys.verifies(info.getSubjectPublicKeyInfo(), request.getSignatureAlgorithm(),
                info.getEncoded(ASN1Encoding.DER), request.getSignature().getOctets())) {
            throw new Refusal(PKIFailureInfo.badPOP, "the request's signature is wrong");
        }
        Extensions extensions = null;
        if (info.getAttributes() != null) {
            for (var item : info.getAttributes()) {
                Attribute attribute = Attribute.getInstance(item);
                if (attribute.getAttrType().equals(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest)) {
                    extensions = Extensions.getInstance(attribute.getAttrValues().getObjectAt(0));
                }
            }
        }
        return new Wish(new ASN1Integer(-1), info.getSubject(), info.getSubjectPublicKeyInfo(),
            extensions, null);
    }

    private Wish readTemplate(CertReqMsg message, PKIMessage request, Requester requester)
            throws Exception {
        CertTemplate template = message.getCertReq().getCertTemplate();
        if (template.getSerialNumber() != null || template.getSigningAlg() != null
                || template.getIssuerUID() != null || template.getSubjectUID() != null
                || (template.getVersion() != -1 && template.getVersion() != 2)) {
            throw new Refusal(PKIFailureInfo.badCertTemplate,
                "the template has a field that is the CA's (RFC 4211 section 5)");
        }
        X500Name issuer = template.getIssuer();
        if (issuer != null && issuer.getRDNs().length > 0
                && !issuer.equals(authority.issuer.certificate().getSubject())) {
            throw new Refusal(PKIFailureInfo.wrongAuthority, "the template names another issuer");
        }
        SubjectPublicKeyInfo key = template.getPublicKey();
        boolean central = key == null || key.getPublicKeyData().getBytes().length == 0;
        if (!central) {
            ProofOfPossession.check(message, request.getHeader(), requester, options);
        } else if (!options.has("central-keys")) {
            throw new Refusal(PKIFailureInfo.badCertTemplate, "the template has no public key");
        } else if (message.getPopo() != null) {
            throw new Refusal(PKIFailureInfo.badPOP, "a proof of possession without a key");
        }
        X500Name subject = template.getSubject();
        if (request.getBody().getType() == PKIBody.TYPE_KEY_UPDATE_REQ) {
            Authority.Entry old = updated(message, requester);
            subject = subject == null ? old.certificate.getSubject() : subject;
        }
        return new Wish(message.getCertReq().getCertReqId(), subject, key, template.getExtensions(),
            template.getValidity());
    }

    /** The certificate that a kur replaces: its signer's, which oldCertId names (RFC 9483 4.1.3). */
    private Authority.Entry updated(CertReqMsg message, Requester requester) throws Refusal {
        if (requester.usesSecret()) {
            throw new Refusal(PKIFailureInfo.wrongIntegrity, "a kur has to be signed");
        }
        var signer = requester.signer();
        if (message.getCertReq().getControls() != null) {
            for (AttributeTypeAndValue control
                    : message.getCertReq().getControls().toAttributeTypeAndValueArray()) {
                if (!control.getType().equals(CMPObjectIdentifiers.regCtrl_oldCertID)) {
                    continue;
                }
                CertId old = CertId.getInstance(control.getValue());
                if (!old.getSerialNumber().getValue().equals(signer.getSerialNumber())
                        || !old.getIssuer().equals(new GeneralName(signer.getIssuer()))) {
                    throw new Refusal(PKIFailureInfo.badCertId, "oldCertId is not the signer's");
                }
            }
        }
        return authority.find(signer.getIssuer(), signer.getSerialNumber());
    }

    private Answer issue(Wish wish, int type, Requester requester) throws Exception {
        X500Name subject = wish.subject();
        Extensions asked = wish.extensions();
        boolean named = subject != null && subject.getRDNs().length > 0;
        if (!named && (asked == null || asked.getExtension(Extension.subjectAlternativeName) == null)) {
            throw new Refusal(PKIFailureInfo.badCertTemplate, "the certificate would have no name");
        }
        subject = named ? subject : new X500Name(new RDN[0]);
        if (options.has("modify")) {
            X500NameBuilder builder = new X500NameBuilder().addRDN(BCStyle.OU, "Modified");
            for (RDN rdn : subject.getRDNs()) {
                builder.addMultiValuedRDN(rdn.getTypesAndValues());
            }
            subject = builder.build();
        }
        CentralKeys.Pair pair = null;
        SubjectPublicKeyInfo key = wish.key();
        if (key == null || key.getPublicKeyData().getBytes().length == 0) {
            pair = centralKeys.generate(key);
            key = pair.publicKey();
        }
        EncryptedKey privateKey =
            pair == null ? null : new EncryptedKey(centralKeys.envelope(pair, requester));
        Authority.Entry entry =
            authority.issue(builder(wish, subject, key), requester.name(), subject.toString());
        PKIStatusInfo status = options.has("modify")
            ? new PKIStatusInfo(PKIStatus.grantedWithMods, new PKIFreeText("the subject is changed"))
            : new PKIStatusInfo(PKIStatus.granted);
        CMPCertificate certificate = new CMPCertificate(entry.certificate.toASN1Structure());
        CertifiedKeyPair certified = new CertifiedKeyPair(
            new CertOrEncCert(certificate), privateKey, null);
        // RFC 9810 5.3.4: caPubs carry trust only where the shared secret vouches for them.
        CMPCertificate[] caPubs = type == PKIBody.TYPE_INIT_REQ && requester.usesSecret()
            ? new CMPCertificate[] {new CMPCertificate(authority.root.certificate().toASN1Structure())}
            : null;
        return new Answer(
            response(type, caPubs, new CertResponse(wish.certReqId(), status, certified, null)),
            entry, wish.certReqId());
    }

    private X509v3CertificateBuilder builder(Wish wish, X500Name subject, SubjectPublicKeyInfo key)
            throws Exception {
        Instant now = Instant.now();
        Date from = Date.from(now.minus(Duration.ofMinutes(1)));
        Date to = Date.from(now.plus(Duration.ofDays(365)));
        if (wish.validity() != null) {
            from = wish.validity().getNotBefore() == null ? from : wish.validity().getNotBefore().getDate();
            to = wish.validity().getNotAfter() == null ? to : wish.validity().getNotAfter().getDate();
        }
        if (!from.before(to)) {
            throw new Refusal(PKIFailureInfo.badCertTemplate, "the validity ends before it begins");
        }
        X509v3CertificateBuilder builder = authority.builder(
            subject, key, authority.issuer.certificate().getSubject(), from, to);
        JcaX509ExtensionUtils utils = new JcaX509ExtensionUtils();
        builder.addExtension(
            Extension.subjectKeyIdentifier, false, utils.createSubjectKeyIdentifier(key));
        builder.addExtension(Extension.authorityKeyIdentifier, false,
            utils.createAuthorityKeyIdentifier(
                authority.issuer.certificate().getSubjectPublicKeyInfo()));
        ASN1ObjectIdentifier[] asked = wish.extensions() == null
            ? new ASN1ObjectIdentifier[0] : wish.extensions().getExtensionOIDs();
        for (ASN1ObjectIdentifier id : asked) {
            Extension extension = wish.extensions().getExtension(id);
            boolean ours = id.equals(Extension.subjectKeyIdentifier)
                || id.equals(Extension.authorityKeyIdentifier);
            if (id.equals(Extension.basicConstraints)
                    && BasicConstraints.getInstance(extension.getParsedValue()).isCA()) {
                throw new Refusal(PKIFailureInfo.unacceptedExtension, "this CA makes no other CAs");
            }
            if (!ours) {
                builder.addExtension(extension);
            }
        }
        if (!Arrays.asList(asked).contains(Extension.keyUsage)) {
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(usage(key)));
        }
        return builder;
    }

    private static int usage(SubjectPublicKeyInfo key) {
        String algorithm = key.getAlgorithm().getAlgorithm().getId();
        return KeyUsage.digitalSignature | switch (algorithm) {
            case "1.2.840.113549.1.1.1" -> KeyUsage.keyEncipherment;
            case "1.2.840.10045.2.1" -> KeyUsage.keyAgreement;
            default -> 0;
        };
    }
}
