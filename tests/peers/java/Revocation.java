import java.io.FileInputStream;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateRevokedException;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.PKIXRevocationChecker.Option;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The JDK's own path validation as a peer: are certificates revoked, by OCSP and by the CRL that they name?
 *
 * Arguments: the files of root and issuing CA, then those of certificates. Prints a line for each and each
 * way: the way, and "good", "revoked REASON", or why neither is known.
 */
public final class Revocation {
    private static final List<String> WAYS = List.of("ocsp", "crl");

    public static void main(String[] arguments) throws Exception {
        System.setProperty("com.sun.security.enableCRLDP", "true");
        System.setProperty("jdk.security.certpath.ocspNonce", "true");
        X509Certificate root = read(arguments[0]);
        X509Certificate issuing = read(arguments[1]);
        for (String way : WAYS) {
            for (int i = 2; i < arguments.length; i++) {
                System.out.println(way + " " + standing(way, root, issuing, read(arguments[i])));
            }
        }
    }

    private static String standing(
            String way, X509Certificate root, X509Certificate issuing, X509Certificate certificate)
            throws Exception {
        CertPath path =
            CertificateFactory.getInstance("X.509").generateCertPath(List.of(certificate, issuing));
        CertPathValidator validator = CertPathValidator.getInstance("PKIX");
        PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
        EnumSet<Option> options = EnumSet.of(Option.ONLY_END_ENTITY, Option.NO_FALLBACK);
        if (way.equals("crl")) {
            options.add(Option.PREFER_CRLS);
        }
        checker.setOptions(options);
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
        parameters.addCertPathChecker(checker);
        try {
            validator.validate(path, parameters);
            return "good";
        } catch (CertPathValidatorException error) {
            if (error.getCause() instanceof CertificateRevokedException revoked) {
                return "revoked " + revoked.getRevocationReason();
            }
            return error + " / " + error.getCause();
        }
    }

    private static X509Certificate read(String file) throws Exception {
        try (FileInputStream stream = new FileInputStream(file)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(stream);
        }
    }
}
