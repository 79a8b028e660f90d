import java.util.List;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIHeader;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.cmp.PKIMessages;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.cert.cmp.ProtectedPKIMessageBuilder;

/** The protection that an RA adds to a message (RFC 9483 5.2.2.1). */
final class Nesting {
    private final Credential ra;

    Nesting(Keys.Identity ra) {
        this.ra = new Credential.Signer(ra, List.of());
    }

    PKIMessage around(PKIMessage message) throws Exception {
        PKIHeader header = message.getHeader();
        ProtectedPKIMessageBuilder builder = new ProtectedPKIMessageBuilder(
            header.getPvno().intValueExact(), new GeneralName(ra.sender()), header.getRecipient())
            .setTransactionID(header.getTransactionID().getOctets())
            .setSenderNonce(header.getSenderNonce().getOctets())
            .setSenderKID(ra.keyId())
            .setMessageTime(new java.util.Date())
            .setBody(new PKIBody(PKIBody.TYPE_NESTED, new PKIMessages(message)));
        if (header.getRecipNonce() != null) {
            builder.setRecipNonce(header.getRecipNonce().getOctets());
        }
        return ra.protect(builder).toASN1Structure();
    }
}
