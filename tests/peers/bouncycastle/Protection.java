import java.io.IOException;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.cmp.CMPCertificate;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.cmp.PKIHeader;
import org.bouncycastle.asn1.cmp.PKIHeaderBuilder;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.cmp.ProtectedPart;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.operator.ContentSigner;

/** Verifies the protection of requests, and protects answers (RFC 9810 5.1.3, RFC 9483 3.2 and 3.5). */
final class Protection {
    private final Authority authority;
    private final Options options;
    private final Trust trust;

    Protection(Authority authority, Trust trust) {
        this.authority = authority;
        this.options = authority.options;
        this.trust = trust;
    }

    /** Who protected the request; `earlier` is who began its transaction, or null. */
    Requester verify(PKIMessage request, Requester earlier) throws Refusal, IOException {
        AlgorithmIdentifier algorithm = request.getHeader().getProtectionAlg();
        if (algorithm == null || request.getProtection() == null) {
            throw new Refusal(PKIFailureInfo.badMessageCheck, "the request is not protected");
        }
        byte[] data = new ProtectedPart(request.getHeader(), request.getBody())
            .getEncoded(ASN1Encoding.DER);
        Requester requester = Macs.isMac(algorithm)
            ? verifyMac(request, algorithm, data)
            : verifySignature(request, algorithm, data, earlier);
        if (earlier != null && !earlier.name().equals(requester.name())) {
            throw new Refusal(PKIFailureInfo.notAuthorized, "another requester began the transaction");
        }
        return requester;
    }

    private Requester verifyMac(PKIMessage request, AlgorithmIdentifier algorithm, byte[] data)
            throws Refusal {
        ASN1OctetString keyId = request.getHeader().getSenderKID();
        byte[] reference = keyId == null ? null : keyId.getOctets();
        char[] secret = options.secret(reference);
        if (secret == null) {
            throw new Refusal(PKIFailureInfo.badMessageCheck, "no secret has this senderKID");
        }
        byte[] expected;
        try {
            expected = Macs.mac(Macs.calculator(algorithm, secret), data);
        } catch (Exception e) {
            throw new Refusal(PKIFailureInfo.badAlg, "this MAC cannot be calculated: " + e.getMessage());
        }
        if (!MessageDigest.isEqual(expected, request.getProtection().getOctets())) {
            throw new Refusal(PKIFailureInfo.badMessageCheck, "the MAC is wrong");
        }
        return Requester.withSecret(reference, secret, algorithm);
    }

    private Requester verifySignature(
            PKIMessage request, AlgorithmIdentifier algorithm, byte[] data, Requester earlier)
            throws Refusal {
        PKIHeader header = request.getHeader();
        List<X509CertificateHolder> extra = new ArrayList<>();
        if (request.getExtraCerts() != null) {
            for (CMPCertificate certificate : request.getExtraCerts()) {
                extra.add(new X509CertificateHolder(certificate.getX509v3PKCert()));
            }
        }
        X509CertificateHolder signer = signer(header, extra, earlier);
        if (!Keys.verifies(signer.getSubjectPublicKeyInfo(), algorithm, data,
                request.getProtection().getOctets())) {
            throw new Refusal(PKIFailureInfo.badMessageCheck, "the signature is wrong");
        }
        GeneralName sender = header.getSender();
        if (sender.getTagNo() != GeneralName.directoryName
                || !X500Name.getInstance(sender.getName()).equals(signer.getSubject())) {
            throw new Refusal(PKIFailureInfo.badMessageCheck, "sender is not the signer's subject");
        }
        byte[] keyId = Authority.keyIdOf(signer);
        if (keyId != null && header.getSenderKID() != null
                && !MessageDigest.isEqual(keyId, header.getSenderKID().getOctets())) {
            throw new Refusal(PKIFailureInfo.badMessageCheck, "senderKID is not the signer's");
        }
        Extension usage = signer.getExtension(Extension.keyUsage);
        if (usage != null
                && !KeyUsage.getInstance(usage.getParsedValue()).hasUsages(KeyUsage.digitalSignature)) {
            throw new Refusal(PKIFailureInfo.signerNotTrusted, "keyUsage lacks digitalSignature");
        }
        if (trust.issuedHere(signer, request.getBody())) {
            return Requester.withSignature(signer, false);
        }
        if (trust.byVendor(signer, extra)) {
            return Requester.withSignature(signer, true);
        }
        throw new Refusal(PKIFailureInfo.signerNotTrusted, "nobody trusted issued the signer");
    }

    /** The first of extraCerts (RFC 9483 3.3); later messages of a transaction may leave it out. */
    private X509CertificateHolder signer(
            PKIHeader header, List<X509CertificateHolder> extra, Requester earlier) throws Refusal {
        if (!extra.isEmpty()) {
            return extra.get(0);
        }
        if (earlier != null && earlier.signer() != null) {
            return earlier.signer();
        }
        GeneralName sender = header.getSender();
        X509CertificateHolder known =
            header.getSenderKID() == null || sender.getTagNo() != GeneralName.directoryName ? null
                : authority.find(
                    X500Name.getInstance(sender.getName()), header.getSenderKID().getOctets());
        if (known == null) {
            throw new Refusal(PKIFailureInfo.signerNotTrusted, "the signer is not in extraCerts");
        }
        return known;
    }

    /** The answer to somebody, or to a request whose protection was not believed (null). */
    PKIMessage protect(PKIHeaderBuilder header, PKIBody body, Requester requester) throws Exception {
        List<X509CertificateHolder> certificates = new ArrayList<>();
        boolean signs = requester == null || !requester.usesSecret() || options.has("sign-always");
        if (signs) {
            certificates.addAll(authority.signerChain());
        }
        for (X509CertificateHolder certificate : authority.chain()) {
            if (!certificates.contains(certificate)) {
                certificates.add(certificate);
            }
        }
        byte[] protection;
        PKIHeader finished;
        if (signs) {
            ContentSigner signer = Signing.signer(authority.signer.key(), options);
            header.setProtectionAlg(signer.getAlgorithmIdentifier());
            header.setSenderKID(Authority.keyIdOf(authority.signer.certificate()));
            finished = header.build();
            try (OutputStream out = signer.getOutputStream()) {
                out.write(new ProtectedPart(finished, body).getEncoded(ASN1Encoding.DER));
            }
            protection = signer.getSignature();
        } else {
            AlgorithmIdentifier mac = AnsweringMac.answering(requester.mac(), options, authority.random);
            header.setProtectionAlg(mac);
            header.setSenderKID(requester.reference());
            finished = header.build();
            protection = Macs.mac(Macs.calculator(mac, requester.secret()),
                new ProtectedPart(finished, body).getEncoded(ASN1Encoding.DER));
        }
        CMPCertificate[] extra = certificates.stream()
            .map(certificate -> new CMPCertificate(certificate.toASN1Structure()))
            .toArray(CMPCertificate[]::new);
        DERBitString bits = new DERBitString(protection);
        return extra.length == 0
            ? new PKIMessage(finished, body, bits) : new PKIMessage(finished, body, bits, extra);
    }
}
