import java.io.IOException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.cmp.InfoTypeAndValue;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.cmp.PKIHeaderBuilder;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.cmp.GeneralPKIMessage;
import org.bouncycastle.cert.cmp.ProtectedPKIMessageBuilder;

/**
 * The messages of one transaction: made, sent, and their answers checked.
 *
 * Headers are as RFC 9483 3.1 has them, but where the command has `ir.pvno`, `certConf.recipNonce` and so on: a
 * field of the message of that name. messageTime is in seconds from now, none leaves a field out. `.protection`
 * is none or flipped; `.by` and `.secret` are another credential for that one message.
 */
final class Transaction {
    static final int NONCE_LENGTH = 16;
    static final String MEDIA_TYPE = "application/pkixcmp";
    private static final SecureRandom RANDOM = new SecureRandom();

    final Command command;
    final Session session;
    final Report report;
    final Credential credential;
    final X509CertificateHolder root;
    /** What was sent, oldest first. */
    final List<PKIMessage> sent = new ArrayList<>();
    /** The certificates that came with answers (RFC 9483 3.3: later messages may leave them out). */
    final List<X509CertificateHolder> others = new ArrayList<>();
    private final byte[] id = random();
    /** Who sent it: an RA, or who made it. */
    GeneralName carrier;
    private byte[] received;

    Transaction(Command command, Session session, Report report) throws IOException {
        this(command, session, report, Credential.of(command, session));
    }

    Transaction(Command command, Session session, Report report, Credential credential)
            throws IOException {
        this.command = command;
        this.session = session;
        this.report = report;
        this.credential = credential;
        this.root = Session.root(command);
        report.add("transaction", id);
    }

    private static byte[] random() {
        byte[] bytes = new byte[NONCE_LENGTH];
        RANDOM.nextBytes(bytes);
        return bytes;
    }

    /** The answer to a message, whose header and protection are right. */
    PKIMessage send(int type, ASN1Encodable content, InfoTypeAndValue... infos) throws Exception {
        return exchange(make(type, content, infos));
    }

    /** The answer to a message that is made already; `ra` has it sent in the wrapper of that RA. */
    PKIMessage exchange(PKIMessage request) throws Exception {
        PKIMessage carried = command.has("ra")
            ? new Nesting(session.identity(command.text("ra"))).around(request) : request;
        carrier = carried.getHeader().getSender();
        sent.add(request);
        return take(new GeneralPKIMessage(Http.post(command.text("url"), MEDIA_TYPE,
            carried.getEncoded(ASN1Encoding.DER))).toASN1Structure());
    }

    /** The answer to the message that was sent last, checked. */
    PKIMessage take(PKIMessage answer) throws Exception {
        PKIMessage request = sent.get(sent.size() - 1);
        report.add("message", Bodies.name(request.getBody().getType()) + " "
            + Bodies.name(answer.getBody().getType()));
        new AnswerChecks(this, request, answer).check();
        received = answer.getHeader().getSenderNonce().getOctets();
        return answer;
    }

    PKIMessage make(int type, ASN1Encodable content, InfoTypeAndValue... infos) throws Exception {
        String name = Bodies.name(type) + ".";
        Credential with = credential(name);
        byte[] nonce = command.bytes(name + "senderNonce", random());
        PKIBody body = new PKIBody(type, content);
        int pvno = command.number(name + "pvno", command.number("pvno", 2));
        GeneralName sender = general(command.text(name + "sender", with.sender().toString()));
        GeneralName recipient =
            general(command.text(name + "recipient", root.getSubject().toString()));
        byte[] transaction = command.bytes(name + "transactionID", id);
        byte[] recipNonce = command.bytes(name + "recipNonce", received);
        if (command.text(name + "protection", "").equals("none")) {
            PKIHeaderBuilder header = new PKIHeaderBuilder(pvno, sender, recipient);
            header.setTransactionID(transaction).setSenderNonce(nonce).setRecipNonce(recipNonce);
            return new PKIMessage(header.build(), body);
        }
        ProtectedPKIMessageBuilder builder = new ProtectedPKIMessageBuilder(pvno, sender, recipient)
            .setTransactionID(transaction)
            .setSenderNonce(nonce)
            .setRecipNonce(recipNonce)
            .setSenderKID(command.bytes(name + "senderKID", with.keyId()))
            .setMessageTime(Date.from(Instant.now().plusSeconds(command.number(name + "messageTime", 0))))
            .setBody(body);
        for (InfoTypeAndValue info : infos) {
            builder.addGeneralInfo(info);
        }
        PKIMessage made = with.protect(builder).toASN1Structure();
        return command.text(name + "protection", "").equals("flipped") ? flipped(made) : made;
    }

    private Credential credential(String name) {
        if (command.has(name + "by")) {
            return new Credential.Signer(session.identity(command.text(name + "by")), List.of());
        }
        if (command.has(name + "secret")) {
            Credential.Secret usual = (Credential.Secret) credential;
            return new Credential.Secret(usual.sender(), usual.keyId(),
                command.text(name + "secret").toCharArray(), usual.mac());
        }
        return credential;
    }

    private static GeneralName general(String name) {
        return new GeneralName(new X500Name(name));
    }

    private static PKIMessage flipped(PKIMessage message) {
        byte[] protection = message.getProtection().getOctets();
        protection[protection.length - 1] ^= 1;
        return new PKIMessage(message.getHeader(), message.getBody(), new DERBitString(protection),
            message.getExtraCerts());
    }
}
