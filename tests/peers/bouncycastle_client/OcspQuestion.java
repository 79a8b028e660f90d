import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.CertificateStatus;
import org.bouncycastle.cert.ocsp.OCSPReq;
import org.bouncycastle.cert.ocsp.OCSPReqBuilder;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.SingleResp;
import org.bouncycastle.operator.DigestCalculatorProvider;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/**
 * What OCSP says of a certificate, if it is right (RFC 6960 3.2).
 *
 * 1. The response is about the certificate that was asked about, and nothing else.
 * 2. The signature is that of the issuer, or of who may sign for it by id-kp-OCSPSigning.
 * 3. It is of now: thisUpdate and nextUpdate are around it.
 * 4. The nonce, if there was one, is ours (RFC 9654).
 */
final class OcspQuestion {
    private final Report report;
    private final X509CertificateHolder certificate;
    private final X509CertificateHolder issuer;
    private final DigestCalculatorProvider digests;

    OcspQuestion(Report report, X509CertificateHolder certificate, X509CertificateHolder issuer)
            throws Exception {
        this.report = report;
        this.certificate = certificate;
        this.issuer = issuer;
        this.digests = new JcaDigestCalculatorProviderBuilder().setProvider("BC").build();
    }

    void post(String place, String hash) throws Exception {
        byte[] nonce = new byte[32];
        new SecureRandom().nextBytes(nonce);
        Extension extension = new Extension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce, false,
            new DEROctetString(nonce).getEncoded());
        OCSPReq request = new OCSPReqBuilder().addRequest(id(hash))
            .setRequestExtensions(new Extensions(extension)).build();
        byte[] answer = Http.post(place, "application/ocsp-request", request.getEncoded());
        read(answer, hash, extension);
    }

    /** RFC 6960 A.1: without a nonce, so that it may be kept. */
    void get(String place, String hash) throws Exception {
        OCSPReq request = new OCSPReqBuilder().addRequest(id(hash)).build();
        String path = URLEncoder.encode(
            Base64.getEncoder().encodeToString(request.getEncoded()), StandardCharsets.UTF_8);
        read(Http.get(place + "/" + path), hash, null);
    }

    private CertificateID id(String hash) throws Exception {
        return new CertificateID(digests.get(Macs.hash(hash)), issuer, certificate.getSerialNumber());
    }

    private void read(byte[] data, String hash, Extension nonce) throws Exception {
        OCSPResp response = new OCSPResp(data);
        if (response.getStatus() != OCSPResp.SUCCESSFUL) {
            report.add("ocsp", "status " + response.getStatus());
            return;
        }
        BasicOCSPResp basic = (BasicOCSPResp) response.getResponseObject();
        SingleResp[] responses = basic.getResponses();
        if (responses.length != 1 || !responses[0].getCertID().equals(id(hash))) { // 1
            report.find("OCSP speaks of another certificate");
            return;
        }
        checkSigner(basic); // 2
        Date now = new Date();
        Date next = responses[0].getNextUpdate();
        if (responses[0].getThisUpdate().after(now) || next == null || next.before(now)) { // 3
            report.find("the OCSP response is not of now");
        }
        Extension returned = basic.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce);
        if (nonce == null ? returned != null : !nonce.equals(returned)) { // 4
            report.find("the nonce of the OCSP response is not ours");
        }
        report.add("ocsp", words(responses[0].getCertStatus()));
    }

    private void checkSigner(BasicOCSPResp basic) throws Exception {
        X509CertificateHolder signer = basic.getCerts().length == 0 ? issuer : basic.getCerts()[0];
        if (!signer.equals(issuer)) {
            Extension purposes = signer.getExtension(Extension.extendedKeyUsage);
            boolean may = purposes != null && ExtendedKeyUsage.getInstance(purposes.getParsedValue())
                .hasKeyPurposeId(KeyPurposeId.id_kp_OCSPSigning);
            if (!may || Trust.problem(signer, List.of(), issuer) != null) {
                report.find("the OCSP response is signed by who may not");
            }
        }
        if (!basic.isSignatureValid(
                new JcaContentVerifierProviderBuilder().setProvider("BC").build(signer))) {
            report.find("the signature of the OCSP response is wrong");
        }
    }

    private static String words(CertificateStatus status) {
        if (status == CertificateStatus.GOOD) {
            return "good";
        }
        if (status instanceof RevokedStatus revoked) {
            return "revoked"
                + (revoked.hasRevocationReason() ? " " + revoked.getRevocationReason() : "");
        }
        return "unknown";
    }
}
