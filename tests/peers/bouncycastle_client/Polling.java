import java.math.BigInteger;
import org.bouncycastle.asn1.cmp.CertRepMessage;
import org.bouncycastle.asn1.cmp.CertResponse;
import org.bouncycastle.asn1.cmp.ErrorMsgContent;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.cmp.PollRepContent;
import org.bouncycastle.asn1.cmp.PollReqContent;

/** An answer in; what it is after polling, where it says waiting (RFC 9810 5.3.22, RFC 9483 4.4), out. */
final class Polling {
    private static final BigInteger WHOLE_MESSAGE = BigInteger.ONE.negate();

    private final Transaction transaction;

    Polling(Transaction transaction) {
        this.transaction = transaction;
    }

    /** The body that answers the request at last; an error that refuses it is reported, and ends all. */
    PKIMessage untilAnswered(PKIMessage first, int expected) throws Exception {
        PKIMessage answer = first;
        BigInteger polled = waitsFor(first.getBody());
        while (polled != null) {
            BigInteger asks = transaction.command.has("pollReq.certReqId")
                ? new BigInteger(transaction.command.text("pollReq.certReqId")) : polled;
            answer = transaction.send(PKIBody.TYPE_POLL_REQ, new PollReqContent(asks));
            if (answer.getBody().getType() == PKIBody.TYPE_POLL_REP) {
                rest(PollRepContent.getInstance(answer.getBody().getContent()), polled);
            } else {
                polled = waitsFor(answer.getBody());
            }
        }
        int type = answer.getBody().getType();
        if (type == PKIBody.TYPE_ERROR) {
            ErrorMsgContent error = ErrorMsgContent.getInstance(answer.getBody().getContent());
            Statuses.report(transaction.report, error.getPKIStatusInfo());
            throw new Over("refused");
        }
        if (type != expected) {
            transaction.report.find(Bodies.name(type) + " instead of " + Bodies.name(expected));
            throw new Over("another answer");
        }
        return answer;
    }

    /** The certReqId to poll for; null if the answer does not say waiting. */
    private BigInteger waitsFor(PKIBody body) {
        switch (body.getType()) {
            case PKIBody.TYPE_ERROR -> {
                ErrorMsgContent error = ErrorMsgContent.getInstance(body.getContent());
                boolean waits =
                    error.getPKIStatusInfo().getStatus().intValueExact() == Statuses.WAITING;
                return waits ? WHOLE_MESSAGE : null;
            }
            case PKIBody.TYPE_INIT_REP, PKIBody.TYPE_CERT_REP, PKIBody.TYPE_KEY_UPDATE_REP -> {
                CertResponse[] responses =
                    CertRepMessage.getInstance(body.getContent()).getResponse();
                if (responses.length != 1
                        || responses[0].getStatus().getStatus().intValueExact() != Statuses.WAITING) {
                    return null;
                }
                if (responses[0].getCertifiedKeyPair() != null) {
                    transaction.report.find("a certificate beside the status waiting");
                }
                return responses[0].getCertReqId().getValue();
            }
            default -> {
                return null;
            }
        }
    }

    private void rest(PollRepContent content, BigInteger polled) throws Exception {
        if (content.size() != 1 || !content.getCertReqId(0).getValue().equals(polled)) {
            transaction.report.find("pollRep is not for certReqId " + polled);
            throw new Over("another pollRep");
        }
        long seconds = content.getCheckAfter(0).longValueExact();
        transaction.report.add("checkAfter", seconds);
        Thread.sleep(1000 * seconds);
    }
}
