import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.PEMParser;

/** Whose signatures on requests count: of certificates issued here, and of vendors' devices. */
final class Trust {
    private final Authority authority;
    private final Set<TrustAnchor> vendors = new HashSet<>();

    Trust(Authority authority) throws Exception {
        this.authority = authority;
        for (Path path : authority.options.vendorRoots) {
            try (Reader file = Files.newBufferedReader(path); PEMParser pem = new PEMParser(file)) {
                for (Object found = pem.readObject(); found != null; found = pem.readObject()) {
                    vendors.add(new TrustAnchor(convert((X509CertificateHolder) found), null));
                }
            }
        }
    }

    private static X509Certificate convert(X509CertificateHolder certificate)
            throws GeneralSecurityException {
        return new JcaX509CertificateConverter().setProvider("BC").getCertificate(certificate);
    }

    /** Whether this CA issued the certificate. Refuses what is out of its time, or revoked. */
    boolean issuedHere(X509CertificateHolder signer, PKIBody body) throws Refusal {
        Authority.Entry entry = authority.find(signer.getIssuer(), signer.getSerialNumber());
        if (entry == null || !entry.certificate.equals(signer)) {
            return false;
        }
        if (!signer.isValidOn(new Date())) {
            throw new Refusal(PKIFailureInfo.signerNotTrusted, "the signer has expired");
        }
        // RFC 9483 4.2: what is on hold, its holder may revive.
        boolean revives =
            entry.revoked == Authority.ON_HOLD && body.getType() == PKIBody.TYPE_REVOCATION_REQ;
        if (entry.revoked >= 0 && !revives) {
            throw new Refusal(PKIFailureInfo.certRevoked, "the signer is revoked");
        }
        return true;
    }

    /** Whether the certificate leads to a vendor's root, through extraCerts (3GPP TS 33.310 9.5). */
    boolean byVendor(X509CertificateHolder signer, List<X509CertificateHolder> extra) {
        if (vendors.isEmpty()) {
            return false;
        }
        try {
            List<X509Certificate> certificates = new ArrayList<>();
            for (X509CertificateHolder certificate : extra) {
                certificates.add(convert(certificate));
            }
            X509CertSelector target = new X509CertSelector();
            target.setCertificate(convert(signer));
            PKIXBuilderParameters parameters = new PKIXBuilderParameters(vendors, target);
            parameters.setRevocationEnabled(false);
            parameters.addCertStore(CertStore.getInstance(
                "Collection", new CollectionCertStoreParameters(certificates), "BC"));
            CertPathBuilder.getInstance("PKIX", "BC").build(parameters);
            return true;
        } catch (GeneralSecurityException e) {
            return false;
        }
    }
}
