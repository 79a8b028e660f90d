import java.security.GeneralSecurityException;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.cmp.CMPCertificate;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;

/** Whether certificates lead to the root that is trusted (RFC 5280 6). */
final class Trust {
    private Trust() {}

    static X509Certificate convert(X509CertificateHolder certificate) throws GeneralSecurityException {
        return new JcaX509CertificateConverter().setProvider("BC").getCertificate(certificate);
    }

    static List<X509CertificateHolder> holders(CMPCertificate[] certificates) {
        List<X509CertificateHolder> holders = new ArrayList<>();
        if (certificates != null) {
            for (CMPCertificate certificate : certificates) {
                holders.add(new X509CertificateHolder(certificate.getX509v3PKCert()));
            }
        }
        return holders;
    }

    /** What is wrong with the path from a certificate to the root; null if nothing is. */
    static String problem(
            X509CertificateHolder certificate,
            Collection<X509CertificateHolder> others,
            X509CertificateHolder root) {
        try {
            List<X509Certificate> converted = new ArrayList<>();
            for (X509CertificateHolder other : others) {
                converted.add(convert(other));
            }
            X509CertSelector target = new X509CertSelector();
            target.setCertificate(convert(certificate));
            converted.add(convert(certificate));
            PKIXBuilderParameters parameters = new PKIXBuilderParameters(
                Set.of(new TrustAnchor(convert(root), null)), target);
            parameters.setRevocationEnabled(false);
            parameters.addCertStore(CertStore.getInstance(
                "Collection", new CollectionCertStoreParameters(converted), "BC"));
            CertPathBuilder.getInstance("PKIX", "BC").build(parameters);
            return null;
        } catch (GeneralSecurityException e) {
            return "no path to the root: " + e.getMessage();
        }
    }
}
