import java.security.SecureRandom;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.cmp.CMPException;
import org.bouncycastle.cert.cmp.ProtectedPKIMessage;
import org.bouncycastle.cert.cmp.ProtectedPKIMessageBuilder;
import org.bouncycastle.operator.OperatorCreationException;

/** What requests are protected with (RFC 9810 5.1.3): the same in all messages of a transaction. */
sealed interface Credential {
    /** The sender's name; null where nothing but senderKID says who it is. */
    X500Name sender();

    byte[] keyId();

    ProtectedPKIMessage protect(ProtectedPKIMessageBuilder builder)
        throws CMPException, OperatorCreationException;

    /** A shared secret, with one salt (RFC 9810 5.1.3.1). */
    record Secret(X500Name sender, byte[] keyId, char[] secret, AlgorithmIdentifier mac)
            implements Credential {
        @Override
        public ProtectedPKIMessage protect(ProtectedPKIMessageBuilder builder)
                throws CMPException, OperatorCreationException {
            return builder.build(Macs.calculator(mac, secret));
        }
    }

    /** A certificate, which comes first in extraCerts (RFC 9483 3.3), and those behind it. */
    record Signer(Keys.Identity identity, List<X509CertificateHolder> chain) implements Credential {
        @Override
        public X500Name sender() {
            return identity.certificate().getSubject();
        }

        @Override
        public byte[] keyId() {
            return keyIdOf(identity.certificate());
        }

        @Override
        public ProtectedPKIMessage protect(ProtectedPKIMessageBuilder builder)
                throws CMPException, OperatorCreationException {
            builder.addCMPCertificate(identity.certificate());
            chain.forEach(builder::addCMPCertificate);
            return builder.build(Keys.signer(identity.key()));
        }
    }

    /** `by` names a certificate; or `reference`, `secret` and `mac` are there. */
    static Credential of(Command command, Session session) {
        if (command.has("by")) {
            return new Signer(session.identity(command.text("by")), List.of());
        }
        byte[] salt = new byte[16];
        new SecureRandom().nextBytes(salt);
        String hash = command.text("hash", "sha256");
        AlgorithmIdentifier mac = switch (command.text("mac", "pbm")) {
            case "pbm" -> Macs.pbm(salt, hash, 1000);
            case "pbmac1" -> Macs.pbmac1(salt, Macs.hmac(hash), 2000, Macs.hmac(hash));
            default -> throw new IllegalArgumentException("no such MAC: " + command.text("mac"));
        };
        return new Secret(new X500Name("CN=" + command.text("reference")),
            command.text("reference").getBytes(java.nio.charset.StandardCharsets.UTF_8),
            command.text("secret").toCharArray(), mac);
    }

    /** The subject key identifier of a certificate, or null. */
    static byte[] keyIdOf(X509CertificateHolder certificate) {
        Extension extension = certificate.getExtension(Extension.subjectKeyIdentifier);
        return extension == null ? null
            : SubjectKeyIdentifier.getInstance(extension.getParsedValue()).getKeyIdentifier();
    }
}
