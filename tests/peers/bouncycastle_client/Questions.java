import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.cmp.CMPObjectIdentifiers;
import org.bouncycastle.asn1.cmp.CRLSource;
import org.bouncycastle.asn1.cmp.CRLStatus;
import org.bouncycastle.asn1.cmp.GenMsgContent;
import org.bouncycastle.asn1.cmp.GenRepContent;
import org.bouncycastle.asn1.cmp.InfoTypeAndValue;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.Time;

/**
 * genm with the questions `ask`, and what genp says to each (RFC 9810 5.3.19, RFC 9483 4.3).
 *
 * A question is an identifier, after a colon its value in hexadecimal; commas are between questions. `crlOf` is a
 * name, whose CRL is asked for with crlStatusList if it is newer than that of `held` seconds from now.
 */
final class Questions {
    private final Transaction transaction;

    Questions(Transaction transaction) {
        this.transaction = transaction;
    }

    void run() throws Exception {
        String asked = transaction.command.text("ask");
        InfoTypeAndValue[] questions = asked.isEmpty() ? new InfoTypeAndValue[0]
            : Arrays.stream(asked.split(",")).map(Questions::question).toArray(InfoTypeAndValue[]::new);
        if (transaction.command.has("crlOf")) {
            questions = Arrays.copyOf(questions, questions.length + 1);
            questions[questions.length - 1] = newerCrl();
        }
        PKIMessage answer = new Polling(transaction).untilAnswered(
            transaction.send(PKIBody.TYPE_GEN_MSG, new GenMsgContent(questions)),
            PKIBody.TYPE_GEN_REP);
        Answers answers = new Answers(transaction);
        for (InfoTypeAndValue info
                : GenRepContent.getInstance(answer.getBody().getContent()).toInfoTypeAndValueArray()) {
            answers.read(info);
        }
    }

    /** RFC 9483 4.3.4. */
    private InfoTypeAndValue newerCrl() {
        Command command = transaction.command;
        GeneralName issuer = new GeneralName(new X500Name(command.text("crlOf")));
        Time held = command.has("held")
            ? new Time(Date.from(Instant.now().plusSeconds(command.number("held", 0)))) : null;
        CRLStatus status = new CRLStatus(new CRLSource(null, new GeneralNames(issuer)), held);
        return new InfoTypeAndValue(CMPObjectIdentifiers.id_it_crlStatusList, new DERSequence(status));
    }

    private static InfoTypeAndValue question(String text) {
        String[] parts = text.split(":", 2);
        ASN1ObjectIdentifier type = new ASN1ObjectIdentifier(parts[0]);
        if (parts.length == 1) {
            return new InfoTypeAndValue(type);
        }
        try {
            ASN1Encodable value = ASN1Primitive.fromByteArray(java.util.HexFormat.of().parseHex(parts[1]));
            return new InfoTypeAndValue(type, value);
        } catch (java.io.IOException e) {
            throw new IllegalArgumentException("no DER: " + parts[1], e);
        }
    }
}
