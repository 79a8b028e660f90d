import java.io.IOException;
import java.io.Writer;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CRLHolder;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.OperatorCreationException;

/** The CA: its keys and certificates, what it has issued, and its CRL. */
final class Authority {
    /** A certificate that was issued: to whom (reference or subject of the signer), and its state. */
    static final class Entry {
        final X509CertificateHolder certificate;
        final String owner;
        boolean confirmed;
        int revoked = -1;
        Instant revokedAt;

        Entry(X509CertificateHolder certificate, String owner) {
            this.certificate = certificate;
            this.owner = owner;
        }

        BigInteger serial() {
            return certificate.getSerialNumber();
        }
    }

    static final int ON_HOLD = 6;
    static final int REMOVE_FROM_CRL = 8;
    static final ASN1ObjectIdentifier CM_CA = new ASN1ObjectIdentifier("1.3.6.1.5.5.7.3.27");
    static final ASN1ObjectIdentifier CM_RA = new ASN1ObjectIdentifier("1.3.6.1.5.5.7.3.28");
    static final ASN1ObjectIdentifier CM_KGA = new ASN1ObjectIdentifier("1.3.6.1.5.5.7.3.32");
    private static final int CA_USE =
        KeyUsage.keyCertSign | KeyUsage.cRLSign | KeyUsage.digitalSignature;

    final Options options;
    final Ledger ledger;
    final Keys.Identity root;
    final Keys.Identity issuer;
    final Keys.Identity signer;
    final SecureRandom random = new SecureRandom();
    private final Map<BigInteger, Entry> entries = new HashMap<>();
    private X509CRLHolder crl;
    private Instant crlTime = Instant.EPOCH;
    private Keys.Identity keyGenerator;
    private RootUpdate update;

    /** A new root and its links with the old one, RFC 9810 4.4. */
    record RootUpdate(
        X509CertificateHolder newWithNew,
        X509CertificateHolder newWithOld,
        X509CertificateHolder oldWithNew) {}

    Authority(Options options) throws Exception {
        this.options = options;
        ledger = new Ledger(options.folder);
        String kind = options.text("ca-key");
        KeyPair key = Keys.generate(kind);
        X500Name name = new X500Name("O=BouncyCastle peer,CN=Peer Root");
        root = new Keys.Identity(
            certify(name, key, name, key.getPrivate(), CA_USE, null, null), key.getPrivate());
        store("root.pem", root.certificate());
        if (options.has("intermediate")) {
            issuer = certified("Peer Issuing CA", kind, root, CA_USE, null);
            store("issuer.pem", issuer.certificate());
        } else {
            issuer = root;
        }
        if (options.has("ra")) {
            KeyPurposeId[] purposes = {
                KeyPurposeId.getInstance(CM_RA), KeyPurposeId.getInstance(CM_CA)};
            signer = certified(
                "Peer RA", kind, issuer, KeyUsage.digitalSignature, new ExtendedKeyUsage(purposes));
            store("signer.pem", signer.certificate());
        } else {
            signer = issuer;
        }
        if (options.has("root-update")) {
            updateRoot(name, kind);
        }
        renewCrl();
    }

    private void updateRoot(X500Name name, String kind) throws Exception {
        KeyPair fresh = Keys.generate(kind);
        KeyPair old = new KeyPair(null, root.key());
        update = new RootUpdate(
            certify(name, fresh, name, fresh.getPrivate(), CA_USE, null, null),
            certify(name, fresh, name, old.getPrivate(), CA_USE, null, root.certificate()),
            relate(root.certificate(), fresh));
        store("new-root.pem", update.newWithNew);
    }

    /** The old root's key, certified by the new root. */
    private X509CertificateHolder relate(X509CertificateHolder old, KeyPair above) throws Exception {
        X509v3CertificateBuilder builder = builder(
            old.getSubject(), old.getSubjectPublicKeyInfo(), old.getSubject(),
            old.getNotBefore(), old.getNotAfter());
        JcaX509ExtensionUtils utils = new JcaX509ExtensionUtils();
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(CA_USE));
        builder.addExtension(Extension.subjectKeyIdentifier, false,
            utils.createSubjectKeyIdentifier(old.getSubjectPublicKeyInfo()));
        builder.addExtension(Extension.authorityKeyIdentifier, false,
            utils.createAuthorityKeyIdentifier(above.getPublic()));
        return builder.build(Signing.signer(above.getPrivate(), options));
    }

    RootUpdate rootUpdate() {
        return update;
    }

    /** The identity that signs centrally generated keys, RFC 9483 4.1.6; made when first needed. */
    Keys.Identity keyGenerator() throws Exception {
        if (keyGenerator == null) {
            keyGenerator = certified(
                "Peer KGA", options.text("ca-key"), issuer, KeyUsage.digitalSignature,
                new ExtendedKeyUsage(KeyPurposeId.getInstance(CM_KGA)));
        }
        return keyGenerator;
    }

    private Keys.Identity certified(
            String commonName, String kind, Keys.Identity above, int use, ExtendedKeyUsage purposes)
            throws Exception {
        KeyPair key = Keys.generate(kind);
        X500Name subject = new X500Name("O=BouncyCastle peer,CN=" + commonName);
        return new Keys.Identity(
            certify(subject, key, above.certificate().getSubject(), above.key(), use, purposes,
                above.certificate()),
            key.getPrivate());
    }

    private X509CertificateHolder certify(
            X500Name subject, KeyPair key, X500Name issuerName, PrivateKey issuerKey, int use,
            ExtendedKeyUsage purposes, X509CertificateHolder above) throws Exception {
        Instant now = Instant.now();
        SubjectPublicKeyInfo info = SubjectPublicKeyInfo.getInstance(key.getPublic().getEncoded());
        X509v3CertificateBuilder builder = builder(subject, info, issuerName,
            Date.from(now.minus(Duration.ofHours(1))), Date.from(now.plus(Duration.ofDays(3650))));
        JcaX509ExtensionUtils utils = new JcaX509ExtensionUtils();
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(use == CA_USE));
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(use));
        if (purposes != null) {
            builder.addExtension(Extension.extendedKeyUsage, false, purposes);
        }
        builder.addExtension(
            Extension.subjectKeyIdentifier, false, utils.createSubjectKeyIdentifier(info));
        builder.addExtension(Extension.authorityKeyIdentifier, false,
            utils.createAuthorityKeyIdentifier(
                above == null ? info : above.getSubjectPublicKeyInfo()));
        return builder.build(Signing.signer(issuerKey, options));
    }

    X509v3CertificateBuilder builder(
            X500Name subject, SubjectPublicKeyInfo key, X500Name issuerName, Date from, Date to) {
        BigInteger serial = new BigInteger(127, random).setBit(126);
        return new X509v3CertificateBuilder(issuerName, serial, from, to, subject, key);
    }

    /** Sign an end entity's certificate and keep it. */
    Entry issue(X509v3CertificateBuilder builder, String owner, String remark)
            throws OperatorCreationException {
        Entry entry = new Entry(builder.build(Signing.signer(issuer.key(), options)), owner);
        entries.put(entry.serial(), entry);
        ledger.write("issued", entry.serial(), remark);
        return entry;
    }

    /** The entry of a certificate that this CA issued, or null. */
    Entry find(X500Name issuerName, BigInteger serial) {
        Entry entry = entries.get(serial);
        return entry != null && entry.certificate.getIssuer().equals(issuerName) ? entry : null;
    }

    /** A certificate that was issued to a name and a key, or null. */
    X509CertificateHolder find(X500Name subject, byte[] keyId) {
        for (Entry entry : entries.values()) {
            if (entry.certificate.getSubject().equals(subject)
                    && Arrays.equals(keyId, keyIdOf(entry.certificate))) {
                return entry.certificate;
            }
        }
        return null;
    }

    void revoke(Entry entry, int reason) throws Exception {
        entry.revoked = reason == REMOVE_FROM_CRL ? -1 : reason;
        entry.revokedAt = Instant.now();
        renewCrl();
    }

    X509CRLHolder crl() {
        return crl;
    }

    /** Each CRL is a second newer than the one before: thisUpdate has no fractions. */
    private void renewCrl() throws IOException, OperatorCreationException, GeneralSecurityException {
        Instant now = Instant.now();
        crlTime = now.isAfter(crlTime.plusSeconds(1)) ? now : crlTime.plusSeconds(1);
        X509v2CRLBuilder builder =
            new X509v2CRLBuilder(issuer.certificate().getSubject(), Date.from(crlTime));
        builder.setNextUpdate(Date.from(crlTime.plus(Duration.ofDays(7))));
        for (Entry entry : entries.values()) {
            if (entry.revoked >= 0) {
                builder.addCRLEntry(entry.serial(), Date.from(entry.revokedAt), entry.revoked);
            }
        }
        builder.addExtension(Extension.authorityKeyIdentifier, false,
            new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(
                issuer.certificate().getSubjectPublicKeyInfo()));
        builder.addExtension(Extension.cRLNumber, false,
            new org.bouncycastle.asn1.x509.CRLNumber(
                BigInteger.valueOf(crlTime.getEpochSecond())));
        crl = builder.build(Signing.signer(issuer.key(), options));
    }

    /** From the issuing CA upwards, without the root. */
    List<X509CertificateHolder> chain() {
        return issuer == root ? List.of() : List.of(issuer.certificate());
    }

    /** From the signer of answers upwards; its own certificate comes first (RFC 9483 3.3). */
    List<X509CertificateHolder> signerChain() {
        List<X509CertificateHolder> chain = new ArrayList<>(List.of(signer.certificate()));
        if (signer != issuer) {
            chain.addAll(chain());
        }
        return chain;
    }

    static byte[] keyIdOf(X509CertificateHolder certificate) {
        Extension extension = certificate.getExtension(Extension.subjectKeyIdentifier);
        return extension == null ? null
            : org.bouncycastle.asn1.ASN1OctetString.getInstance(extension.getParsedValue()).getOctets();
    }

    private void store(String name, X509CertificateHolder certificate) throws IOException {
        Path path = options.folder.resolve(name);
        try (Writer file = Files.newBufferedWriter(path); JcaPEMWriter pem = new JcaPEMWriter(file)) {
            pem.writeObject(certificate);
        }
    }
}
