import java.io.IOException;
import java.util.Date;
import java.util.HashMap;
import java.util.Map;
import org.bouncycastle.asn1.ASN1GeneralizedTime;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.DERGeneralizedTime;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.cmp.CMPObjectIdentifiers;
import org.bouncycastle.asn1.cmp.ErrorMsgContent;
import org.bouncycastle.asn1.cmp.InfoTypeAndValue;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIConfirmContent;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.cmp.PKIFreeText;
import org.bouncycastle.asn1.cmp.PKIHeader;
import org.bouncycastle.asn1.cmp.PKIHeaderBuilder;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.cmp.PKIStatus;
import org.bouncycastle.asn1.cmp.PKIStatusInfo;
import org.bouncycastle.asn1.cmp.PollRepContent;
import org.bouncycastle.asn1.cmp.PollReqContent;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.cert.cmp.GeneralPKIMessage;

/** One request in DER to one answer in DER: headers, transactions, and who answers which body. */
final class Responder {
    private static final long CLOCK_TOLERANCE = 3_600_000;
    private static final ASN1Integer WHOLE_MESSAGE = new ASN1Integer(-1);

    private final Authority authority;
    private final Options options;
    private final Protection protection;
    private final Enrolment enrolment;
    private final Confirmation confirmation;
    private final Revocation revocation;
    private final Information information;
    private final Map<ASN1OctetString, Transaction> transactions = new HashMap<>();

    /** What goes into an answer beside what every answer has. */
    private record Reply(PKIBody body, boolean implicit, ASN1OctetString recipNonce) {
        Reply(PKIBody body) {
            this(body, false, null);
        }
    }

    Responder(Authority authority) throws Exception {
        this.authority = authority;
        options = authority.options;
        protection = new Protection(authority, new Trust(authority));
        enrolment = new Enrolment(authority);
        confirmation = new Confirmation(authority);
        revocation = new Revocation(authority);
        information = new Information(authority);
    }

    /** IOException where the request is no PKIMessage. */
    byte[] answer(byte[] der) throws Exception {
        PKIMessage request;
        try {
            request = new GeneralPKIMessage(der).toASN1Structure();
            request.getEncoded();
        } catch (RuntimeException e) {
            throw new IOException("no PKIMessage", e);
        }
        PKIHeader header = request.getHeader();
        Transaction open = transactions.get(header.getTransactionID());
        Requester requester = null;
        Reply reply;
        try {
            checkHeader(header);
            requester = protection.verify(request, open == null ? null : open.requester);
            reply = dispatch(request, requester, open);
        } catch (Refusal refusal) {
            reply = new Reply(error(PKIStatus.rejection, refusal.getMessage(),
                new PKIFailureInfo(refusal.failInfo)));
        } catch (IllegalArgumentException | IllegalStateException | ClassCastException e) {
            reply = new Reply(error(PKIStatus.rejection, "the body cannot be read: " + e.getMessage(),
                new PKIFailureInfo(PKIFailureInfo.badDataFormat)));
        }
        byte[] nonce = new byte[16];
        authority.random.nextBytes(nonce);
        PKIMessage answer = protection.protect(
            header(header, reply, nonce), reply.body(), requester);
        authority.ledger.write(request, answer, requester != null);
        Transaction now = transactions.get(header.getTransactionID());
        if (now != null && requester != null) {
            now.lastNonce = nonce;
        }
        return answer.getEncoded();
    }

    private static PKIBody error(PKIStatus status, String words, PKIFailureInfo failure) {
        PKIFreeText text = new PKIFreeText(words);
        return new PKIBody(PKIBody.TYPE_ERROR, new ErrorMsgContent(failure == null
            ? new PKIStatusInfo(status, text) : new PKIStatusInfo(status, text, failure)));
    }

    /** RFC 9483 3.5, as far as one message shows it. */
    private static void checkHeader(PKIHeader header) throws Refusal {
        int version = header.getPvno().intValueExact();
        if (version != PKIHeader.CMP_2000 && version != PKIHeader.CMP_2021) {
            throw new Refusal(PKIFailureInfo.unsupportedVersion, "pvno is 2 or 3");
        }
        if (header.getTransactionID() == null || header.getTransactionID().getOctets().length < 16) {
            throw new Refusal(PKIFailureInfo.badDataFormat, "transactionID has 128 bits or more");
        }
        if (header.getSenderNonce() == null || header.getSenderNonce().getOctets().length < 16) {
            throw new Refusal(PKIFailureInfo.badSenderNonce, "senderNonce has 128 bits or more");
        }
        ASN1GeneralizedTime time = header.getMessageTime();
        try {
            if (time != null && Math.abs(time.getDate().getTime() - System.currentTimeMillis())
                    > CLOCK_TOLERANCE) {
                throw new Refusal(PKIFailureInfo.badTime, "messageTime is far from now");
            }
        } catch (java.text.ParseException e) {
            throw new Refusal(PKIFailureInfo.badDataFormat, "messageTime is no time");
        }
    }

    private PKIHeaderBuilder header(PKIHeader request, Reply reply, byte[] nonce) {
        int version = request.getPvno().intValueExact() == PKIHeader.CMP_2000
            ? PKIHeader.CMP_2000 : PKIHeader.CMP_2021;
        PKIHeaderBuilder header = new PKIHeaderBuilder(version,
            new GeneralName(authority.signer.certificate().getSubject()), request.getSender());
        header.setMessageTime(new DERGeneralizedTime(new Date()));
        header.setTransactionID(request.getTransactionID());
        header.setSenderNonce(nonce);
        header.setRecipNonce(
            reply.recipNonce() == null ? request.getSenderNonce() : reply.recipNonce());
        if (reply.implicit()) {
            header.setGeneralInfo(
                new InfoTypeAndValue(CMPObjectIdentifiers.it_implicitConfirm, DERNull.INSTANCE));
        }
        return header;
    }

    private Reply dispatch(PKIMessage request, Requester requester, Transaction open)
            throws Exception {
        PKIHeader header = request.getHeader();
        int type = request.getBody().getType();
        boolean continues = switch (type) {
            case PKIBody.TYPE_CERT_CONFIRM, PKIBody.TYPE_POLL_REQ, PKIBody.TYPE_ERROR -> true;
            default -> false;
        };
        if (continues) {
            if (open == null) {
                throw new Refusal(PKIFailureInfo.badRequest, "no such transaction is open");
            }
            if (header.getRecipNonce() == null || !java.util.Arrays.equals(
                    header.getRecipNonce().getOctets(), open.lastNonce)) {
                throw new Refusal(PKIFailureInfo.badRecipientNonce, "recipNonce is not our last one");
            }
            return proceed(request, open);
        }
        if (open != null) {
            throw new Refusal(PKIFailureInfo.transactionIdInUse, "the transaction is open already");
        }
        Transaction transaction = new Transaction(requester, header.getSenderNonce());
        transaction.wantsImplicit = asksForImplicit(header);
        Reply reply = begin(request, requester, transaction);
        if (transaction.isOpen()) {
            transactions.put(header.getTransactionID(), transaction);
        }
        return reply;
    }

    private static boolean asksForImplicit(PKIHeader header) {
        if (header.getGeneralInfo() != null) {
            for (InfoTypeAndValue info : header.getGeneralInfo()) {
                if (info.getInfoType().equals(CMPObjectIdentifiers.it_implicitConfirm)) {
                    return true;
                }
            }
        }
        return false;
    }

    private Reply begin(PKIMessage request, Requester requester, Transaction transaction)
            throws Exception {
        if (options.number("poll-error") > 0) {
            // Nothing is done yet: a signer that is revoked already could not ask for the answer.
            transaction.postponed = request;
            transaction.polls = options.number("poll-error");
            transaction.pollId = WHOLE_MESSAGE;
            return new Reply(error(PKIStatus.waiting, "somebody has to look at it", null));
        }
        Enrolment.Answer answer = carryOut(request, requester);
        if (options.number("poll") > 0 && answer.entry() != null) {
            transaction.delayed = answer;
            transaction.polls = options.number("poll");
            transaction.pollId = answer.certReqId();
            return new Reply(Enrolment.waiting(request.getBody().getType(), answer.certReqId()));
        }
        return deliver(answer, transaction, null);
    }

    private Enrolment.Answer carryOut(PKIMessage request, Requester requester) throws Exception {
        int type = request.getBody().getType();
        return switch (type) {
            case PKIBody.TYPE_INIT_REQ, PKIBody.TYPE_CERT_REQ, PKIBody.TYPE_P10_CERT_REQ,
                    PKIBody.TYPE_KEY_UPDATE_REQ -> enrolment.answer(request, requester);
            case PKIBody.TYPE_REVOCATION_REQ -> {
                refuseVendor(requester);
                yield new Enrolment.Answer(revocation.answer(request, requester), null, null);
            }
            case PKIBody.TYPE_GEN_MSG ->
                new Enrolment.Answer(information.answer(request.getBody()), null, null);
            default -> throw new Refusal(PKIFailureInfo.badRequest, "no answer to body " + type);
        };
    }

    private static void refuseVendor(Requester requester) throws Refusal {
        if (requester.vendor()) {
            throw new Refusal(PKIFailureInfo.notAuthorized, "not with a vendor's certificate");
        }
    }

    private Reply deliver(
            Enrolment.Answer answer, Transaction transaction, ASN1OctetString recipNonce) {
        transaction.delayed = null;
        boolean implicit =
            answer.entry() != null && transaction.wantsImplicit && options.has("implicit");
        if (implicit) {
            confirmation.confirm(answer.entry(), "implicit");
        } else if (answer.entry() != null) {
            transaction.unconfirmed = answer;
        }
        return new Reply(answer.body(), implicit, recipNonce);
    }

    private Reply proceed(PKIMessage request, Transaction open) throws Exception {
        ASN1OctetString id = request.getHeader().getTransactionID();
        if (request.getBody().getType() == PKIBody.TYPE_ERROR) {
            // RFC 9483 3.6: an error ends the transaction, and is confirmed.
            transactions.remove(id);
            Enrolment.Answer lost = open.delayed == null ? open.unconfirmed : open.delayed;
            if (lost != null && lost.entry() != null) {
                confirmation.reject(lost.entry(), "error message");
            }
            return new Reply(new PKIBody(PKIBody.TYPE_CONFIRM, new PKIConfirmContent()));
        }
        if (request.getBody().getType() == PKIBody.TYPE_POLL_REQ) {
            try {
                return poll(request, open);
            } finally {
                if (!open.isOpen()) {
                    transactions.remove(id);
                }
            }
        }
        if (open.unconfirmed == null) {
            throw new Refusal(PKIFailureInfo.badRequest, "there is no certificate to confirm");
        }
        confirmation.take(request, open.unconfirmed.entry(), open.unconfirmed.certReqId());
        transactions.remove(id);
        return new Reply(new PKIBody(PKIBody.TYPE_CONFIRM, new PKIConfirmContent()));
    }

    private Reply poll(PKIMessage request, Transaction open) throws Exception {
        if (open.delayed == null && open.postponed == null) {
            throw new Refusal(PKIFailureInfo.badRequest, "there is nothing to wait for");
        }
        var asked = PollReqContent.getInstance(request.getBody().getContent()).getCertReqIdValues();
        if (asked.length != 1 || !asked[0].equals(open.pollId.getValue())) {
            throw new Refusal(
                PKIFailureInfo.badRequest, "the certReqId to poll for is " + open.pollId);
        }
        if (open.polls-- > 0) {
            return new Reply(new PKIBody(PKIBody.TYPE_POLL_REP, new PollRepContent(
                open.pollId, new ASN1Integer(options.number("check-after")),
                new PKIFreeText("not yet"))));
        }
        if (open.postponed != null) {
            PKIMessage postponed = open.postponed;
            open.postponed = null;
            open.delayed = carryOut(postponed, open.requester);
        }
        return deliver(open.delayed, open, options.has("poll-nonce") ? null : open.firstNonce);
    }
}
