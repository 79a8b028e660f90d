import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x509.AccessDescription;
import org.bouncycastle.asn1.x509.AuthorityInformationAccess;
import org.bouncycastle.asn1.x509.CRLDistPoint;
import org.bouncycastle.asn1.x509.DistributionPoint;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509CRLEntryHolder;
import org.bouncycastle.cert.X509CRLHolder;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;

/**
 * How the certificate called `of` stands, by the places that it names itself (RFC 5280 4.2.1.13, 4.2.2.1).
 *
 * Its issuer's certificate is fetched, then asked are OCSP, with POST and with GET, and the CRL.
 */
final class Standing {
    private final Command command;
    private final Report report;
    private final X509CertificateHolder certificate;

    Standing(Command command, Session session, Report report) {
        this.command = command;
        this.report = report;
        this.certificate = session.identity(command.text("of")).certificate();
    }

    void run() throws Exception {
        X509CertificateHolder issuer =
            new X509CertificateHolder(Http.get(access(AccessDescription.id_ad_caIssuers)));
        String problem = Trust.problem(certificate, List.of(issuer), Session.root(command));
        if (problem != null) {
            report.find("the issuer that was fetched: " + problem);
        }
        OcspQuestion question = new OcspQuestion(report, certificate, issuer);
        String place = access(AccessDescription.id_ad_ocsp);
        for (String hash : List.of("sha1", "sha256")) {
            question.post(place, hash);
            question.get(place, hash);
        }
        list(issuer);
    }

    private String access(ASN1ObjectIdentifier method) throws Over {
        AuthorityInformationAccess access =
            AuthorityInformationAccess.fromExtensions(certificate.getExtensions());
        if (access != null) {
            for (AccessDescription one : access.getAccessDescriptions()) {
                if (one.getAccessMethod().equals(method)) {
                    return one.getAccessLocation().getName().toString();
                }
            }
        }
        report.find("the certificate names no place for " + method);
        throw new Over("no place");
    }

    private void list(X509CertificateHolder issuer) throws Exception {
        for (String place : points()) {
            X509CRLHolder crl = new X509CRLHolder(Http.get(place));
            if (!crl.getIssuer().equals(certificate.getIssuer()) || !crl.isSignatureValid(
                    new JcaContentVerifierProviderBuilder().setProvider("BC").build(issuer))) {
                report.find("the CRL is not the issuer's");
            }
            X509CRLEntryHolder entry = crl.getRevokedCertificate(certificate.getSerialNumber());
            report.add("crl", entry == null ? "good" : "revoked" + reason(entry));
        }
    }

    private static String reason(X509CRLEntryHolder entry) {
        Extension reason = entry.getExtension(Extension.reasonCode);
        return reason == null ? ""
            : " " + org.bouncycastle.asn1.ASN1Enumerated.getInstance(reason.getParsedValue()).getValue();
    }

    private List<String> points() throws IOException {
        List<String> places = new ArrayList<>();
        Extension extension = certificate.getExtension(Extension.cRLDistributionPoints);
        if (extension == null) {
            report.find("the certificate names no CRL");
            return places;
        }
        for (DistributionPoint point
                : CRLDistPoint.getInstance(extension.getParsedValue()).getDistributionPoints()) {
            for (GeneralName name
                    : GeneralNames.getInstance(point.getDistributionPoint().getName()).getNames()) {
                places.add(name.getName().toString());
            }
        }
        return places;
    }
}
