import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.cmp.PKIMessage;

/** What is open between a requester and the CA: an answer to fetch, or a certificate to confirm. */
final class Transaction {
    final Requester requester;
    /** senderNonce of the request, which a delayed answer mirrors (RFC 9483 3.1). */
    final ASN1OctetString firstNonce;
    /** senderNonce of our last answer, which the next request has to mirror. */
    byte[] lastNonce;
    /** The request that is not carried out yet: what waits with an error (RFC 9483 4.4). */
    PKIMessage postponed;
    /** The answer that is not delivered yet, the pollReq that are to come before, their certReqId. */
    Enrolment.Answer delayed;
    int polls;
    ASN1Integer pollId;
    /** The certificate that waits for certConf. */
    Enrolment.Answer unconfirmed;
    boolean wantsImplicit;

    Transaction(Requester requester, ASN1OctetString firstNonce) {
        this.requester = requester;
        this.firstNonce = firstNonce;
    }

    boolean isOpen() {
        return postponed != null || delayed != null || unconfirmed != null;
    }
}
