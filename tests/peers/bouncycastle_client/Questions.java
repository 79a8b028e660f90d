import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.cmp.GenMsgContent;
import org.bouncycastle.asn1.cmp.GenRepContent;
import org.bouncycastle.asn1.cmp.InfoTypeAndValue;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIMessage;

/**
 * genm with the questions `ask`, and what genp says to each (RFC 9810 5.3.19, RFC 9483 4.3).
 *
 * A question is an identifier, after a colon its value in hexadecimal; commas are between questions.
 */
final class Questions {
    private final Transaction transaction;

    Questions(Transaction transaction) {
        this.transaction = transaction;
    }

    void run() throws Exception {
        String asked = transaction.command.text("ask");
        InfoTypeAndValue[] questions = asked.isEmpty() ? new InfoTypeAndValue[0]
            : java.util.Arrays.stream(asked.split(",")).map(Questions::question)
                .toArray(InfoTypeAndValue[]::new);
        PKIMessage answer = new Polling(transaction).untilAnswered(
            transaction.send(PKIBody.TYPE_GEN_MSG, new GenMsgContent(questions)),
            PKIBody.TYPE_GEN_REP);
        Answers answers = new Answers(transaction);
        for (InfoTypeAndValue info
                : GenRepContent.getInstance(answer.getBody().getContent()).toInfoTypeAndValueArray()) {
            answers.read(info);
        }
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
