import java.math.BigInteger;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.operator.ContentSigner;

/** A certificate in; what is wrong with it, or other than asked for, out (RFC 9483 4.1.1: before certConf). */
final class Judgement {
    /** `wrong` has to be rejected; `differences` are what grantedWithMods stands for. */
    record Result(List<String> wrong, List<String> differences) {}

    private Judgement() {}

    static Result of(X509CertificateHolder certificate, KeyPair key, Transaction transaction)
            throws Exception {
        List<String> wrong = new ArrayList<>();
        List<String> differences = new ArrayList<>();
        String problem = Trust.problem(certificate, transaction.others, transaction.root);
        if (problem != null) {
            wrong.add(problem);
        }
        if (!Arrays.equals(certificate.getSubjectPublicKeyInfo().getEncoded(),
                key.getPublic().getEncoded())) {
            wrong.add("another public key");
        } else if (!belongs(certificate, key)) {
            wrong.add("what the private key signs, the certificate does not verify");
        }
        if (!certificate.isValidOn(new Date())) {
            wrong.add("not valid now");
        }
        if (certificate.getSerialNumber().compareTo(BigInteger.ZERO) <= 0
                || certificate.getSerialNumber().toByteArray().length > 20) {
            wrong.add("its serial number is not positive, or too long (RFC 5280 4.1.2.2)");
        }
        Command command = transaction.command;
        if (command.has("subject")
                && !certificate.getSubject().equals(new X500Name(command.text("subject")))) {
            differences.add("subject " + certificate.getSubject());
        }
        Extension san = certificate.getExtension(Extension.subjectAlternativeName);
        if (command.has("san") && (san == null || !san.getParsedValue().equals(new GeneralNames(
                new GeneralName(GeneralName.dNSName, command.text("san")))))) {
            differences.add("subjectAltName");
        }
        boolean isCa = BasicConstraints.fromExtensions(certificate.getExtensions()) != null
            && BasicConstraints.fromExtensions(certificate.getExtensions()).isCA();
        if (command.has("ca") && !isCa) {
            differences.add("basicConstraints");
        }
        return new Result(wrong, differences);
    }

    private static boolean belongs(X509CertificateHolder certificate, KeyPair key) throws Exception {
        byte[] data = certificate.getEncoded();
        ContentSigner signer = Keys.signer(key.getPrivate());
        try (var out = signer.getOutputStream()) {
            out.write(data);
        }
        return Keys.verifies(certificate.getSubjectPublicKeyInfo(), signer.getAlgorithmIdentifier(),
            data, signer.getSignature());
    }
}
