import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.cmp.PKIMessages;

/**
 * Enrolments whose requests travel in one message of an RA (RFC 9483 5.2.2.2), as many as `count` says.
 *
 * Each is like the others, in a transaction of its own; `carrier` is the RA. Confirmations travel alone.
 */
final class Batch {
    private final Command command;
    private final Session session;
    private final Report report;

    Batch(Command command, Session session, Report report) {
        this.command = command;
        this.session = session;
        this.report = report;
    }

    void run() throws Exception {
        List<Enrolment> enrolments = new ArrayList<>();
        List<PKIMessage> requests = new ArrayList<>();
        for (int i = 0; i < command.number("count", 2); i++) {
            Enrolment enrolment = new Enrolment(new Transaction(command, session, report));
            enrolments.add(enrolment);
            requests.add(enrolment.request());
        }
        Transaction carrier = new Transaction(command, session, report, new Credential.Signer(
            session.identity(command.text("carrier")), List.of()));
        PKIMessage answer = new Polling(carrier).untilAnswered(
            carrier.send(PKIBody.TYPE_NESTED, new PKIMessages(requests.toArray(PKIMessage[]::new))),
            PKIBody.TYPE_NESTED);
        PKIMessage[] answers =
            PKIMessages.getInstance(answer.getBody().getContent()).toPKIMessageArray();
        if (answers.length != requests.size()) {
            report.find(answers.length + " answers to " + requests.size() + " messages");
        }
        for (int i = 0; i < enrolments.size(); i++) {
            enrolments.get(i).conclude(requests.get(i), answerTo(requests.get(i), answers));
        }
    }

    private PKIMessage answerTo(PKIMessage request, PKIMessage[] answers) throws Over {
        return Arrays.stream(answers)
            .filter(one -> request.getHeader().getTransactionID()
                .equals(one.getHeader().getTransactionID()))
            .findFirst().orElseThrow(() -> {
                report.find("a message of the batch has no answer");
                return new Over("an answer is missing");
            });
    }
}
