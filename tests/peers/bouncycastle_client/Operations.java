import java.math.BigInteger;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.cmp.CertConfirmContent;
import org.bouncycastle.asn1.cmp.CertStatus;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PollReqContent;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.X509v3CertificateBuilder;

/** What a command's `do` stands for. */
final class Operations {
    private Operations() {}

    static void run(Command command, Session session, Report report) throws Exception {
        switch (command.text("do")) {
            case "enrol" -> new Enrolment(new Transaction(command, session, report)).run();
            case "revoke" -> new Revocation(new Transaction(command, session, report)).run();
            case "ask" -> new Questions(new Transaction(command, session, report)).run();
            case "stray" -> stray(new Transaction(command, session, report));
            case "standing" -> new Standing(command, session, report).run();
            case "batch" -> new Batch(command, session, report).run();
            case "self-sign" -> selfSign(command, session, report);
            case "adopt" -> adopt(command, session);
            default -> throw new IllegalArgumentException("no such operation: " + command.text("do"));
        }
    }

    /** One message that belongs to no transaction: error, pollReq or certConf, by the name `body`. */
    private static void stray(Transaction transaction) throws Exception {
        String body = transaction.command.text("body");
        var content = switch (body) {
            case "error" -> Statuses.error("out of order");
            case "pollReq" -> new PollReqContent(BigInteger.ZERO);
            case "certConf" -> CertConfirmContent.getInstance(
                new DERSequence(new CertStatus(new byte[32], BigInteger.ZERO)));
            default -> throw new IllegalArgumentException("no such body: " + body);
        };
        new Polling(transaction).untilAnswered(
            transaction.send(Bodies.type(body), content), PKIBody.TYPE_CONFIRM);
    }

    /** A certificate that nobody else vouches for, with the name `as`. */
    private static void selfSign(Command command, Session session, Report report) throws Exception {
        KeyPair key = Keys.generate(command.text("key", "p256"));
        X500Name name = new X500Name(command.text("subject"));
        Instant now = Instant.now();
        X509v3CertificateBuilder builder = new X509v3CertificateBuilder(name, BigInteger.ONE,
            Date.from(now.minus(Duration.ofHours(1))), Date.from(now.plus(Duration.ofDays(1))), name,
            SubjectPublicKeyInfo.getInstance(key.getPublic().getEncoded()));
        Keys.Identity made = new Keys.Identity(
            builder.build(Keys.signer(key.getPrivate())), key.getPrivate());
        session.keep(command.text("as"), made);
        report.addDer("certificate", made.certificate().toASN1Structure());
    }

    /** Another certificate for the key called `as`. */
    private static void adopt(Command command, Session session) throws Exception {
        String name = command.text("as");
        session.keep(name, new Keys.Identity(
            new X509CertificateHolder(command.bytes("certificate", null)), session.identity(name).key()));
    }
}
