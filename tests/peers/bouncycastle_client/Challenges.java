import java.math.BigInteger;
import java.security.PrivateKey;
import java.util.Arrays;
import javax.crypto.Cipher;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1TaggedObject;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.cms.EnvelopedData;
import org.bouncycastle.asn1.cmp.Challenge;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.cmp.POPODecKeyRespContent;
import org.bouncycastle.asn1.crmf.EncryptedKey;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.operator.DigestCalculator;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/**
 * popdecc in, what answers the popdecr with its numbers out (RFC 9810 5.2.8.3.3).
 *
 * `popdecr.number` is sent instead of the right one.
 */
final class Challenges {
    private final Transaction transaction;

    Challenges(Transaction transaction) {
        this.transaction = transaction;
    }

    PKIMessage meet(PKIMessage asked, PrivateKey key) throws Exception {
        ASN1EncodableVector numbers = new ASN1EncodableVector();
        // BouncyCastle 1.72 does not know encryptedRand: the fields are read one by one.
        for (ASN1Encodable item : ASN1Sequence.getInstance(asked.getBody().getContent().toASN1Primitive())) {
            numbers.add(number(asked, ASN1Sequence.getInstance(item), key));
        }
        return transaction.send(PKIBody.TYPE_POPO_REP,
            POPODecKeyRespContent.getInstance(new DERSequence(numbers)));
    }

    private ASN1Integer number(PKIMessage asked, ASN1Sequence challenge, PrivateKey key)
            throws Exception {
        int at = challenge.getObjectAt(0) instanceof ASN1OctetString ? 0 : 1;
        byte[] witness = ASN1OctetString.getInstance(challenge.getObjectAt(at)).getOctets();
        byte[] encrypted = ASN1OctetString.getInstance(challenge.getObjectAt(at + 1)).getOctets();
        byte[] plain;
        if (challenge.size() > at + 2) {
            ASN1TaggedObject rand = ASN1TaggedObject.getInstance(challenge.getObjectAt(at + 2));
            plain = new Opening(transaction).withKey(
                new EncryptedKey(EnvelopedData.getInstance(rand, true)), key);
        } else {
            transaction.report.add("recipient", "challenge");
            Cipher cipher = Cipher.getInstance("RSA/ECB/PKCS1Padding", "BC");
            cipher.init(Cipher.DECRYPT_MODE, key);
            plain = cipher.doFinal(encrypted);
        }
        Challenge.Rand rand = Challenge.Rand.getInstance(ASN1Primitive.fromByteArray(plain));
        if (!rand.getSender().equals(asked.getHeader().getSender())) {
            transaction.report.find("the challenge is another sender's");
        }
        if (at == 1 && !Arrays.equals(witness, hash(challenge.getObjectAt(0), rand.getInt()))) {
            transaction.report.find("the witness is not the number's");
        }
        return transaction.command.has("popdecr.number")
            ? new ASN1Integer(new BigInteger(transaction.command.text("popdecr.number")))
            : rand.getInt();
    }

    private static byte[] hash(ASN1Encodable owf, ASN1Integer number) throws Exception {
        DigestCalculator calculator = new JcaDigestCalculatorProviderBuilder().setProvider("BC").build()
            .get(AlgorithmIdentifier.getInstance(owf));
        calculator.getOutputStream().write(number.getEncoded());
        return calculator.getDigest();
    }
}
